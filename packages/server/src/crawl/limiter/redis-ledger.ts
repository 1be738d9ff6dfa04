import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { admitScript } from './admit-script.js'
import type { Clock } from './clock.js'
import {
  type Answer,
  type Asking,
  bookName,
  bookTimes,
  forecastEntriesMax,
  type Ledger,
  microseconds,
} from './ledger.js'
import type { Limit } from './limiter.js'
import { isScriptMissing, retryWhileUnreachable } from './redis-errors.js'

/** What is needed of ioredis; its `Redis` and `Cluster` both fit. */
export interface ScriptRunner {
  eval(script: string, keysCount: number, ...keysAndArguments: string[]): Promise<unknown>
  evalsha(sha: string, keysCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

export interface RedisLedgerOptions {
  readonly redis: ScriptRunner
  readonly clock: Clock
  /** Starts the name of every key. Its part in braces keeps all keys on one node of a cluster. */
  readonly prefix: string
  readonly leaseMs: number
  readonly waiterTtlMs: number
  readonly quietMsMax: number
  /** How long a step is tried again while Redis is out of reach, in milliseconds. */
  readonly patienceMs: number
  /** The script to run, for tests that hand in the time of Redis, too. */
  readonly script?: string
}

type Operation = 'ask' | 'renew' | 'release' | 'forget' | 'pause' | 'resume' | 'status'

/** Keys of limits that nobody used for so long are dropped: connectors and credentials go. Longer than any window. */
const idleSeconds = 100 * 24 * 3_600

/** Counts slots in Redis, for all processes that share it. */
export function createRedisLedger(options: RedisLedgerOptions): Ledger {
  const { redis, clock, prefix, script = admitScript } = options
  const sha = createHash('sha1').update(script).digest('hex')
  /** The pauses this process asked for, by its own clock, so that they outlive a Redis that forgets. */
  const pausedUntilMs = new Map<string, number>()
  const closing = new AbortController()
  // As many steps may be tried again as there are requests: no leak.
  setMaxListeners(0, closing.signal)

  async function run(
    operation: Operation,
    detail: string,
    asked: { id: string; limits: readonly Limit[]; leaseMs: number },
    { otherKeys = [], patienceMs = options.patienceMs }: { otherKeys?: readonly string[]; patienceMs?: number } = {},
  ): Promise<unknown> {
    const keys = [`${prefix}clock`, ...otherKeys, ...asked.limits.flatMap((limit) => keysOf(prefix, limit))]
    const step = async () => {
      const ownArguments = [operation, asked.id, detail, ...settings(options, asked.leaseMs)]
      const limitArguments = asked.limits.flatMap((limit) => [...figures(limit), knownPause(limit)])
      const all = [...keys, ...ownArguments, ...limitArguments]
      try {
        return await redis.evalsha(sha, keys.length, ...all)
      } catch (error) {
        if (!isScriptMissing(error)) throw error
        return await redis.eval(script, keys.length, ...all)
      }
    }
    return retryWhileUnreachable(clock, patienceMs, step, closing.signal)
  }

  function knownPause(limit: Limit): string {
    return String(microseconds(Math.max(0, (pausedUntilMs.get(limit.key) ?? 0) - clock.now())))
  }

  return {
    async ask(asking) {
      // The script answers with the four integers that its header promises.
      const answer = (await run('ask', String(asking.place), asking)) as number[]
      return readAnswer(answer, asking)
    },
    async renew(id, limits, leaseMs) {
      // Not repeated: who holds the slot renews again soon, and a late renewal would bring back what was released.
      await run('renew', '', { id, limits, leaseMs }, { patienceMs: 0 })
    },
    async release(id, limits, bytes) {
      await run('release', String(Math.ceil(bytes)), { id, limits, leaseMs: options.leaseMs })
    },
    async forget(id, limits) {
      try {
        await run('forget', '', { id, limits, leaseMs: options.leaseMs }, { patienceMs: 0 })
      } catch {
        // What Redis cannot be told now, the end of the lease or of the waiter's life tells it soon.
      }
    },
    async pause(key, delayMs) {
      pausedUntilMs.set(key, Math.max(pausedUntilMs.get(key) ?? 0, clock.now() + delayMs))
      const nothing = { id: '', limits: [], leaseMs: options.leaseMs }
      await run('pause', String(microseconds(delayMs)), nothing, { otherKeys: [pauseKey(prefix, key)] })
    },
    async resume(key) {
      pausedUntilMs.delete(key)
      const nothing = { id: '', limits: [], leaseMs: options.leaseMs }
      await run('resume', '', nothing, { otherKeys: [pauseKey(prefix, key)] })
    },
    close() {
      closing.abort()
    },
    async status(limit) {
      // As above: four integers.
      const answer = (await run('status', '', { id: '', limits: [limit], leaseMs: options.leaseMs })) as number[]
      const [requestsUsed = 0, bytesUsed = 0, waiting = 0, blockedFor = 0] = answer
      return {
        requestsUsed,
        requestsFree: limit.requests === undefined ? null : Math.max(0, limit.requests - requestsUsed),
        bytesUsed,
        bytesFree: limit.bytes === undefined ? null : Math.max(0, limit.bytes - bytesUsed),
        waiting,
        blockedForMs: blockedFor / 1_000,
      }
    },
  }
}

function readAnswer([granted, wait = 0, place = 0, number = 1]: readonly number[], { limits }: Asking): Answer {
  const limit = limits[number - 1]
  if (granted === 1 || limit === undefined) return { granted: true }
  return { granted: false, waitMs: wait / 1_000, place, limit }
}

function keysOf(prefix: string, limit: Limit): string[] {
  const book = `${prefix}${bookName(limit)}`
  return [...['head', 'spent', 'flying', 'queue', 'seen'].map((part) => `${book}:${part}`), pauseKey(prefix, limit.key)]
}

function pauseKey(prefix: string, key: string): string {
  return `${prefix}${key}:pause`
}

function settings({ waiterTtlMs, quietMsMax }: RedisLedgerOptions, leaseMs: number): string[] {
  const times = [leaseMs, waiterTtlMs, quietMsMax].map(microseconds)
  return [...times, idleSeconds, forecastEntriesMax].map(String)
}

function figures(limit: Limit): string[] {
  const { windowUs, marginUs, stepUs, lookUs } = bookTimes(limit)
  return [windowUs, marginUs, stepUs, lookUs, limit.requests ?? -1, limit.bytes ?? -1].map(String)
}
