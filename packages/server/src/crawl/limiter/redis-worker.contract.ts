import { Redis } from 'ioredis'
import { createRedisLimiter } from './redis-limiter.js'

/** One crawler process of the tests: asks the upstream as often as the limiter lets it, until it is killed. */
const [redisPort = '', upstreamUrl = '', perMs = ''] = process.argv.slice(2)
const redis = new Redis(Number(redisPort), '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: 1 })
redis.on('error', () => {}) // The limiter asks again by itself.

// A short lease, so that the quiet after a restart is short, too.
const limiter = createRedisLimiter({ redis, leaseMs: 1_200, waiterTtlMs: 1_200, heartbeatMs: 400 })
const limit = { key: 'api', requests: 9, perMs: Number(perMs) }

async function crawl(): Promise<void> {
  for (;;) {
    const slot = await limiter.acquire([limit])
    try {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
      slot.signal.throwIfAborted()
      const answer = await fetch(upstreamUrl, { signal: slot.signal })
      await answer.arrayBuffer()
    } catch {
      // A request that was aborted is repeated, as any other would be.
    } finally {
      await slot.release()
    }
  }
}

process.once('disconnect', () => process.exit())
await Promise.all([crawl(), crawl(), crawl(), crawl(), crawl()])
