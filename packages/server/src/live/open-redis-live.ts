import { setTimeout } from 'node:timers/promises'
import { BarkeepError } from '@barkeep/core'
import { Redis } from 'ioredis'
import type { LiveLog, LogBounds } from './live-log.js'
import type { PublisherLease } from './publisher-lease.js'
import { BLOCK_MS, createRedisLive } from './redis-live.js'

/** Longest wait between two tries to reach a Redis that went away, in milliseconds. */
const RECONNECT_MS_MAX = 1_000
/** How long Redis may leave a question without an answer. A machine that lost its power closes no connection. */
const SILENCE_MS_MAX = 3_000

/** The log and the lease on a Redis. Throws SERVICE_UNAVAILABLE when none answers there. */
export async function openRedisLive(
  url: string,
  options: LogBounds & { readonly leaseMs: number; readonly begins: boolean },
): Promise<{ readonly log: LiveLog; readonly lease: PublisherLease }> {
  const redis = connect(url, SILENCE_MS_MAX)
  const tail = connect(url, BLOCK_MS + SILENCE_MS_MAX)
  try {
    await Promise.all([redis.connect(), tail.connect()])
  } catch (cause) {
    redis.disconnect()
    tail.disconnect()
    throw new BarkeepError('SERVICE_UNAVAILABLE', {
      cause,
      message: 'No Redis answers at redis.url. Check the address, its password, and that Redis runs.',
    })
  }
  return createRedisLive({ ...options, redis, tail, sleep: (delayMs) => setTimeout(delayMs) })
}

/** What was sent when the connection broke is not sent again: whoever sent it knows what that would do. */
function connect(url: string, silenceMsMax: number): Redis {
  const redis = new Redis(url, {
    socketTimeout: silenceMsMax,
    connectTimeout: SILENCE_MS_MAX,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => Math.min(RECONNECT_MS_MAX, 50 * tries),
  })
  // Whoever runs a command is told of its failure; a connection that is lost is opened again.
  redis.on('error', () => {})
  return redis
}
