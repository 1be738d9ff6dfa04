import { BarkeepError } from '@barkeep/core'
import { Redis } from 'ioredis'

/** Longest wait between two tries to reach a Redis that went away, in milliseconds. */
const RECONNECT_MS_MAX = 1_000
/** How long a Redis that neither answers nor ends its connections is waited for when something closes. */
const CLOSE_MS_MAX = 30_000

/**
 * The connections that sharing work needs: commands of the queue wait until Redis is back, those of the limiter fail
 * at once, because it decides by itself how long it trusts what it knows.
 */
export interface RedisConnections {
  readonly forQueue: Redis
  readonly forLimiter: Redis
  /**
   * Something that closes waits for commands no longer than Redis is there: as soon as it is away, at the latest after
   * a while, what is under way fails. Commands of the queue to a Redis that is away would else be waited for without end.
   */
  stopWaiting(): void
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
  const closing = new AbortController()
  const forQueue = connect(url, null, closing.signal)
  const forLimiter = connect(url, 1, closing.signal)
  let giveUp: NodeJS.Timeout | undefined
  const disconnect = () => {
    clearTimeout(giveUp)
    closing.abort()
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
  return {
    forQueue,
    forLimiter,
    disconnect,
    stopWaiting() {
      if (forQueue.status !== 'ready') return disconnect()
      forQueue.once('close', disconnect)
      giveUp = setTimeout(disconnect, CLOSE_MS_MAX)
    },
  }
}

/** The signal ends the connection, and what waits for it. */
function connect(url: string, maxRetriesPerRequest: number | null, closing: AbortSignal): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest,
    retryStrategy: (tries) => (closing.aborted ? null : Math.min(RECONNECT_MS_MAX, 50 * tries)),
  })
  closing.addEventListener('abort', () => {
    // Between two tries to connect, ioredis would forget the waiting commands without a word: the next try is the last,
    // and they fail with it, or are carried out.
    if (redis.status === 'reconnecting') redis.once('ready', () => redis.disconnect())
    else redis.disconnect()
  })
  // Whoever runs a command is told of its failure; a connection that is lost is opened again.
  redis.on('error', () => {})
  return redis
}
