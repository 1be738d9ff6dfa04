import { BarkeepError } from '@barkeep/core'
import { Redis } from 'ioredis'

/** Longest wait between two tries to reach a Redis that went away, in milliseconds. */
const RECONNECT_MS_MAX = 1_000

/**
 * The connections that sharing work needs: commands of the queue wait until Redis is back, those of the limiter fail
 * at once, because it decides by itself how long it trusts what it knows.
 */
export interface RedisConnections {
  readonly forQueue: Redis
  readonly forLimiter: Redis
  /** Does not wait: what is under way fails. */
  disconnect(): void
}

/** Throws INVALID_SETTING for an address that is none, SERVICE_UNAVAILABLE when no Redis answers there. */
export async function openRedis(url: string): Promise<RedisConnections> {
  if (!URL.canParse(url) || !['redis:', 'rediss:'].includes(new URL(url).protocol)) {
    throw new BarkeepError('INVALID_SETTING', {
      message: 'redis.url must be an address such as redis://localhost:6379.',
    })
  }
  const forQueue = connect(url, null)
  const forLimiter = connect(url, 1)
  const disconnect = () => {
    forQueue.disconnect()
    forLimiter.disconnect()
  }
  try {
    await Promise.all([forQueue.connect(), forLimiter.connect()])
  } catch (cause) {
    disconnect()
    throw new BarkeepError('SERVICE_UNAVAILABLE', {
      cause,
      message: `No Redis answers at ${new URL(url).host}. Check redis.url, its password, and that Redis runs.`,
    })
  }
  return { forQueue, forLimiter, disconnect }
}

function connect(url: string, maxRetriesPerRequest: number | null): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest,
    retryStrategy: (tries) => Math.min(RECONNECT_MS_MAX, 50 * tries),
  })
  // Whoever runs a command is told of its failure; a connection that is lost is opened again.
  redis.on('error', () => {})
  return redis
}
