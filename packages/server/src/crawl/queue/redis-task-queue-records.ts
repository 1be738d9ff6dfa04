import type { Redis } from 'ioredis'
import { runScript } from './redis-task-queue-scripts.js'

/** One asking of a task: it has a number of its own, so that a later asking is not taken for it. */
export interface Asking {
  readonly key: string
  readonly number: number
}

export interface TaskRecord extends Asking {
  readonly state: 'open' | 'dead'
  /** As it stands in Redis, to tell whether it changed. */
  readonly crawlsText: string
  readonly crawls: readonly number[]
}

/** Tasks that a crawl leaves in one step. */
const LEFT_MAX = 1_000

/** Which crawl wants which task, in Redis. */
export class TaskRecords {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #keepSeconds: number

  constructor(redis: Redis, prefix: string, keepMs: number) {
    this.#redis = redis
    this.#prefix = prefix
    this.#keepSeconds = Math.ceil(keepMs / 1_000)
  }

  /** The askings of those tasks that did not end in this crawl yet. */
  async join(crawl: number, keys: readonly string[]): Promise<Asking[]> {
    const counters = [`${this.#prefix}last`, lastCrawlKey(this.#prefix)]
    const numbers = await this.#run('join', [...counters, ...this.#records(keys)], [crawl, ...keys])
    return askings(keys, numbers)
  }

  async find(key: string): Promise<TaskRecord | undefined> {
    const [number, state, crawlsText] = await this.#redis.hmget(this.#record(key), 'number', 'state', 'crawls')
    if (number == null || crawlsText == null) return undefined
    const crawls = crawlsText.trim().split(' ').map(Number)
    return { key, number: Number(number), state: state === 'dead' ? 'dead' : 'open', crawlsText, crawls }
  }

  /** False when other crawls want it by now than the record says: nothing was done then. */
  async done({ key, number, crawlsText }: TaskRecord): Promise<boolean> {
    return (await this.#run('end', [this.#record(key)], [key, number, 'done', crawlsText])) === 1
  }

  async bury({ key, number }: Asking): Promise<void> {
    await this.#run('end', [this.#record(key)], [key, number, 'dead', ''])
  }

  /** False when the task was asked for anew since it died. */
  async revive({ key, number }: Asking): Promise<boolean> {
    return (await this.#run('revive', [this.#record(key)], [key, number])) === 1
  }

  /** Ends what a crawl wants. */
  async leave(crawl: number): Promise<void> {
    const open = this.#set('open', crawl)
    for (;;) {
      // What was read is removed from the set, so the next read gives others.
      const keys = await this.#redis.srandmember(open, LEFT_MAX)
      if (keys.length === 0) return
      await this.#run('leave', this.#records(keys), [crawl, ...keys])
    }
  }

  /** `activeKeys` are the tasks of any crawl that are being worked on. */
  async counts(crawl: number, activeKeys: readonly string[]) {
    const [open, done, dead] = await Promise.all([
      this.#redis.scard(this.#set('open', crawl)),
      this.#redis.scard(this.#set('done', crawl)),
      this.#redis.scard(this.#set('dead', crawl)),
    ])
    const areOpen = activeKeys.length === 0 ? [] : await this.#redis.smismember(this.#set('open', crawl), ...activeKeys)
    const active = areOpen.filter((isOpen) => isOpen === 1).length
    return { waiting: Math.max(0, open - active), active, done, dead }
  }

  /** All connectors that ever had a task. */
  connectors(): Promise<string[]> {
    return this.#redis.smembers(`${this.#prefix}connectors`)
  }

  async addConnector(connector: string): Promise<void> {
    await this.#redis.sadd(`${this.#prefix}connectors`, connector)
  }

  #run(name: Parameters<typeof runScript>[1], keys: readonly string[], values: readonly (string | number)[]) {
    return runScript(this.#redis, name, keys, [this.#prefix, this.#keepSeconds, ...values])
  }

  #record(key: string): string {
    return `${this.#prefix}task:${key}`
  }

  #records(keys: readonly string[]): string[] {
    return keys.map((key) => this.#record(key))
  }

  #set(kind: 'open' | 'done' | 'dead', crawl: number): string {
    return `${this.#prefix}${kind}:${crawl}`
  }
}

/** Holds the highest crawl that ever had a task. */
export function lastCrawlKey(prefix: string): string {
  return `${prefix}lastCrawl`
}

function askings(keys: readonly string[], numbers: unknown): Asking[] {
  // The scripts answer with a number for each key, 0 for none.
  return (numbers as number[]).flatMap((number, index) => {
    const key = keys[index]
    return number === 0 || key === undefined ? [] : [{ key, number }]
  })
}
