import { shippedConnectors } from '@barkeep/connectors'
import { BarkeepError, type Connector } from '@barkeep/core'
import type { Config } from '../../config.js'
import { createRedisLimiter, type RedisLimiterOptions } from '../limiter/redis-limiter.js'
import { createEngine, wallClock } from '../open-crawl.js'
import { createRedisTaskQueue, type RedisTaskQueueOptions } from '../queue/redis-task-queue.js'
import { createRemoteSink } from './remote-sink.js'
import { openRedis } from './worker-redis.js'

export interface WorkerOptions {
  /** With the scope write, where the server asks for one. */
  readonly key?: string
  /** Told each time that the server does not take a result; the worker keeps it and tries again. */
  readonly onFailure?: (error: BarkeepError) => void
  readonly connectors?: readonly Connector[]
  /** All processes that share a Redis must agree on these. */
  readonly limiter?: Partial<Omit<RedisLimiterOptions, 'redis'>>
  readonly queue?: Partial<Omit<RedisTaskQueueOptions, 'redis'>>
}

export interface RunningWorker {
  /** The server that keeps what it brings. */
  readonly url: string
  /** Gives back what is being worked on. */
  close(): Promise<void>
}

/**
 * Works on the tasks in Redis, within the limits that are counted there, and sends what it brings to the server, which
 * owns the store. Its own settings say where upstreams are and with which credentials they are asked.
 * Throws INVALID_SETTING, SERVICE_UNAVAILABLE.
 */
export async function startWorker(config: Config, server: string, options: WorkerOptions = {}): Promise<RunningWorker> {
  if (config['redis.url'] === '') {
    throw new BarkeepError('INVALID_SETTING', {
      message: 'redis.url is empty. Give --redis-url the address that the server has, such as redis://nas:6379.',
    })
  }
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new BarkeepError('INVALID_SETTING', {
      message: `server must be a URL such as http://nas:8080, not '${server}'.`,
    })
  }
  const redis = await openRedis(config['redis.url'])
  const queue = createRedisTaskQueue({ ...options.queue, redis: redis.forQueue })
  const limiter = createRedisLimiter({ ...options.limiter, redis: redis.forLimiter })
  const sink = createRemoteSink({
    server,
    ...(options.key !== undefined && { key: options.key }),
    ...(options.onFailure !== undefined && { onFailure: options.onFailure }),
    clock: wallClock,
    random: Math.random,
  })
  const engine = createEngine(config, options.connectors ?? shippedConnectors, {
    queue,
    limiter,
    sink,
    clock: wallClock,
  })
  engine.start()
  return {
    url: server,
    async close() {
      sink.close()
      redis.stopWaiting()
      await Promise.all([engine.close(), limiter.close()])
      await queue.close()
      redis.disconnect()
    },
  }
}
