import { createHash } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import type { Redis } from 'ioredis'
import { isScriptMissing } from '../crawl/limiter/redis-errors.js'

export type RunScript = (script: string, keys: readonly string[], values: readonly string[]) => Promise<unknown>

/** Runs scripts by their digest, so that each is sent to Redis once. Throws what Redis answers, or what became of the way. */
export function scriptRunner(redis: Redis): RunScript {
  const names = new Map<string, string>()
  return async (script, keys, values) => {
    const sha = names.get(script) ?? createHash('sha1').update(script).digest('hex')
    names.set(script, sha)
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...values)
    } catch (error) {
      if (!isScriptMissing(error)) throw error
      return redis.eval(script, keys.length, ...keys, ...values)
    }
  }
}

/** For who waits at the other end of a connection, and may well come again. */
export function outOfReach(cause: unknown): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', {
    message: 'Redis cannot be reached, and without it nobody knows the log and who publishes. Try again soon.',
    retry: { afterMs: 500 },
    cause,
  })
}
