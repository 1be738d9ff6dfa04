import { randomUUID } from 'node:crypto'
import { BarkeepError, type LivePosition, type Topic, topics } from '@barkeep/core'
import type { Redis } from 'ioredis'
import type { LiveLog, LogBounds, LogEntry, LogFollower, LogRecord, LogSize } from './live-log.js'
import { leaseLost, type PublisherLease } from './publisher-lease.js'
import { appendScript, openScript, redisTime, sinceScript } from './redis-live-scripts.js'
import { createRedisLease } from './redis-publisher-lease.js'
import { outOfReach, type RunScript, scriptRunner } from './redis-script-runner.js'

export interface RedisLiveOptions extends LogBounds {
  /** For commands; fails at once while Redis is away. */
  readonly redis: Redis
  /** For reading the log as it grows; nothing else may use it. */
  readonly tail: Redis
  readonly leaseMs: number
  /** Starts the name of every key. Its part in braces keeps all keys on one node of a cluster. */
  readonly prefix?: string
  /**
   * Whether a new epoch begins with this process. The one that commits bars must: the one before it may have been killed
   * between a commit and its append, and who listens would never hear of those bars.
   */
  readonly begins?: boolean
  /** How long an append is tried again while Redis is away, milliseconds. */
  readonly patienceMs?: number
  /** Waits between two tries. */
  readonly sleep: (delayMs: number) => Promise<void>
  /** How scripts learn the time, as Lua; for tests. */
  readonly time?: string
}

const PATIENCE_MS = 5_000
const AGAIN_MS = 50
/** How long the tail waits for news before it asks again; and records that it reads at a time. */
export const BLOCK_MS = 5_000
const READ_MAX = 100

/**
 * The log and the lease of several servers. One script checks the fence, gives the places and keeps the entries; every
 * server reads them back from the stream and tells its own sockets, so that all of them see one order.
 */
export function createRedisLive(options: RedisLiveOptions): { readonly log: LiveLog; readonly lease: PublisherLease } {
  const { redis, prefix = 'barkeep:{live}:', leaseMs, time = redisTime } = options
  const run = scriptRunner(redis)
  const log = new RedisLiveLog(options, prefix, run, appendScript(time))
  return { log, lease: createRedisLease({ run, prefix, leaseMs, time }) }
}

class RedisLiveLog implements LiveLog {
  readonly #options: RedisLiveOptions
  readonly #prefix: string
  readonly #run: RunScript
  readonly #append: string
  readonly #process = randomUUID()
  readonly #followers = new Set<LogFollower>()
  /** What the followers were told last. */
  readonly #told = new Map<Topic, LivePosition>()
  /** Epochs in which something was committed and could not be appended; `*` for whichever there is. */
  readonly #incomplete = new Map<Topic, string>()
  #appends = 0
  #isClosed = false
  #reading: Promise<void> = Promise.resolve()

  constructor(options: RedisLiveOptions, prefix: string, run: RunScript, append: string) {
    this.#options = options
    this.#prefix = prefix
    this.#run = run
    this.#append = append
    if (options.begins === true) for (const topic of topics) this.#incomplete.set(topic, '*')
  }

  async append(topic: Topic, entries: readonly LogEntry[], fence?: number): Promise<LivePosition> {
    const name = String(++this.#appends)
    const { messagesMax, bytesMax } = this.#options
    try {
      return await this.#patiently(async () => {
        // Nobody hears of what follows before all were told that something is missing.
        if (this.#incomplete.has(topic)) await this.#reopen(topic)
        const { epoch, seq } = this.#told.get(topic) ?? (await this.#open(topic))
        if (entries.length === 0) return { epoch, seq }
        const keys = ['lease', 'meta', 'log'].map((part) => this.#key(part, topic))
        const values = entries.flatMap(({ kind, body }) => [kind, body])
        const bounds = [messagesMax, bytesMax].map(String)
        const fenceText = fence === undefined ? '' : String(fence)
        const answer = await this.#run(
          this.#append,
          [...keys, `${this.#key('append', topic)}:${this.#process}`],
          [fenceText, epoch, name, ...bounds, ...values],
        )
        const [outcome, last = 0] = answer as [string, number?] // as its header says
        if (outcome === 'lost') throw leaseLost(topic, fence ?? 0)
        if (outcome === 'kept') return { epoch, seq: last }
        await this.#reopen(topic)
        throw new AnotherLog()
      })
    } catch (error) {
      // The bars are committed: who listens must load them, as this log will never have them.
      if (!(error instanceof BarkeepError && error.code === 'LEASE_LOST')) {
        this.#incomplete.set(topic, this.#told.get(topic)?.epoch ?? '*')
      }
      throw error
    }
  }

  async since(topic: Topic, { epoch, seq }: LivePosition, bytesMax: number): Promise<readonly LogRecord[] | 'gone'> {
    const keys = [this.#key('meta', topic), this.#key('log', topic)]
    const answer = await this.#run(sinceScript, keys, [epoch, String(seq), String(bytesMax)]).catch(
      (cause: unknown) => {
        throw outOfReach(cause)
      },
    )
    const [outcome, ...fields] = answer as [string, ...(string | number)[]] // as its header says
    if (outcome === 'gone') return 'gone'
    const records: LogRecord[] = []
    for (let index = 0; index < fields.length; index += 3) {
      const [number, kind, body] = fields.slice(index, index + 3)
      records.push({ epoch, seq: Number(number), kind: kind === 'done' ? 'done' : 'bars', body: String(body) })
    }
    return records
  }

  async follow(follower: LogFollower): Promise<Readonly<Record<Topic, LivePosition>>> {
    for (const topic of topics) if (!this.#told.has(topic)) await this.#open(topic)
    if (this.#followers.size === 0) this.#reading = this.#read()
    this.#followers.add(follower)
    const place = (topic: Topic) => this.#told.get(topic) ?? { epoch: '', seq: 0 }
    return { kmin: place('kmin'), khour: place('khour'), kday: place('kday') }
  }

  async size(topic: Topic): Promise<LogSize> {
    const { redis } = this.#options
    try {
      const [messages, bytes] = await Promise.all([
        redis.xlen(this.#key('log', topic)),
        redis.hget(this.#key('meta', topic), 'bytes'),
      ])
      return { messages, bytes: Number(bytes ?? 0) }
    } catch (cause) {
      throw outOfReach(cause)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#options.tail.disconnect()
    await this.#reading
    this.#options.redis.disconnect()
  }

  #key(part: string, topic: Topic): string {
    return `${this.#prefix}${part}:${topic}`
  }

  /** Where the log is. Begins a new one where it is not sound, or lacks something. */
  async #open(topic: Topic): Promise<LivePosition> {
    const keys = [this.#key('meta', topic), this.#key('log', topic)]
    const given = this.#incomplete.get(topic) ?? ''
    // A Redis that lost everything goes on behind what was told, where all who read are waiting for it.
    const known = String(this.#told.get(topic)?.seq ?? 0)
    const answer = await this.#run(openScript, keys, [randomUUID(), given, known])
    const [epoch, seq] = answer as [string, number] // as its header says
    if (this.#incomplete.get(topic) === given) this.#incomplete.delete(topic)
    const place = { epoch, seq }
    if (!this.#told.has(topic)) this.#told.set(topic, place)
    return place
  }

  /** After a break: the log may be another one. */
  async #reopen(topic: Topic): Promise<void> {
    const told = this.#told.get(topic)
    const place = await this.#open(topic)
    if (told?.epoch !== place.epoch) this.#restart(topic, place)
  }

  #restart(topic: Topic, place: LivePosition): void {
    this.#told.set(topic, place)
    for (const follower of this.#followers) follower.restarted(topic, place)
  }

  /** Reads all logs as they grow, until the end. */
  async #read(): Promise<void> {
    const { tail, sleep } = this.#options
    const keys = topics.map((topic) => this.#key('log', topic))
    while (!this.#isClosed) {
      try {
        const asked = new Map(this.#told)
        const places = topics.map((topic) => `${asked.get(topic)?.seq ?? 0}-0`)
        const news = await tail.xread('COUNT', READ_MAX, 'BLOCK', BLOCK_MS, 'STREAMS', ...keys, ...places)
        // A process that began a new log may have nothing to say yet.
        if (news === null) for (const topic of topics) await this.#reopen(topic)
        for (const [key, records] of news ?? []) {
          const topic = topics[keys.indexOf(key)]
          // The log was begun anew meanwhile: these records may be of the one before.
          if (topic === undefined || asked.get(topic)?.epoch !== this.#told.get(topic)?.epoch) continue
          this.#tell(topic, records)
        }
      } catch {
        if (this.#isClosed) return
        await sleep(AGAIN_MS)
        for (const topic of topics) await this.#reopen(topic).catch(() => undefined)
      }
      for (const topic of this.#incomplete.keys()) await this.#reopen(topic).catch(() => undefined)
    }
  }

  #tell(topic: Topic, found: readonly [id: string, fields: string[]][]): void {
    for (const [id, [, epoch = '', , kind = '', , body = '']] of found) {
      const seq = Number(id.split('-')[0])
      const told = this.#told.get(topic)
      if (told?.epoch !== epoch) this.#restart(topic, { epoch, seq: seq - 1 })
      else if (seq <= told.seq) continue
      const record: LogRecord = { epoch, seq, kind: kind === 'done' ? 'done' : 'bars', body }
      this.#told.set(topic, { epoch, seq })
      for (const follower of this.#followers) follower.appended(topic, [record])
    }
  }

  /** Tries again while Redis is away. Throws SERVICE_UNAVAILABLE when it stays away. */
  async #patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    const { patienceMs = PATIENCE_MS, sleep } = this.#options
    for (let waitedMs = 0; ; waitedMs += AGAIN_MS) {
      try {
        return await work()
      } catch (cause) {
        if (cause instanceof BarkeepError) throw cause
        if (waitedMs >= patienceMs || this.#isClosed) {
          throw new BarkeepError('SERVICE_UNAVAILABLE', {
            message: 'The bars are kept, but Redis cannot be reached to tell them. Sending them again does no harm.',
            cause,
          })
        }
        if (!(cause instanceof AnotherLog)) await sleep(AGAIN_MS)
      }
    }
  }
}

/** The log is another one than this process thought; the same may be tried again with the new one. */
class AnotherLog extends Error {}
