import { shippedConnectors } from '@barkeep/connectors'
import { BarkeepError } from '@barkeep/core'
import type { FastifyServerOptions } from 'fastify'
import { createApp } from './api/app.js'
import { Idempotency } from './api/idempotency.js'
import type { Config } from './config.js'
import { openCrawl } from './crawl/open-crawl.js'
import { openContents } from './store/contents.js'
import { lockDirectory } from './store/directory-lock.js'
import { openStore } from './store/open-store.js'

export interface RunningServer {
  readonly url: string
  /** Lets requests end, then closes the store. */
  close(): Promise<void>
}

const loopback = ['127.0.0.1', '::1', 'localhost']

/**
 * Opens the store, finishes what an earlier process left, and listens.
 * Throws STORE_LOCKED, STORE_UNAVAILABLE, STORE_ENGINE_MISSING, INVALID_SETTING.
 */
export async function startServer(
  config: Config,
  logger: FastifyServerOptions['logger'] = false,
): Promise<RunningServer> {
  requireLoopback(config.host)
  const lock = lockDirectory(config.data)
  try {
    const store = await openStore({
      directory: config.data,
      server: {
        url: config['store.url'],
        user: config['store.user'],
        password: config['store.password'],
        database: config['store.database'],
      },
      streamsMax: config['store.streamsMax'],
      silenceMsMax: config['store.silenceMsMax'],
    })
    try {
      const contents = await openContents(store)
      const idempotency = new Idempotency(config['api.idempotencyKeysMax'])
      const crawl = await openCrawl(store, contents, config, shippedConnectors)
      const app = await createApp({ ...contents, store, crawl, idempotency, config, now: Date.now }, logger)
      const url = await listen(app, config)
      lock.publish(url)
      return {
        url,
        async close() {
          await app.close()
          await crawl.close()
          await store.close()
          lock.release()
        },
      }
    } catch (error) {
      await store.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function listen(app: Awaited<ReturnType<typeof createApp>>, config: Config): Promise<string> {
  try {
    return await app.listen({ host: config.host, port: config.port })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause // listen fails with system errors
    throw new BarkeepError('INVALID_SETTING', {
      message: `port ${config.port} on ${config.host} is taken. Choose another with --port, or 0 for any free one.`,
      cause,
    })
  }
}

function requireLoopback(host: string): void {
  if (loopback.includes(host)) return
  throw new BarkeepError('INVALID_SETTING', {
    message: `host '${host}' is not loopback. This version has no keys yet, so it listens on ${loopback.join(', ')} only.`,
  })
}
