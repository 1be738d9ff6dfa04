import { shippedConnectors } from '@barkeep/connectors'
import { BarkeepError } from '@barkeep/core'
import type { FastifyServerOptions } from 'fastify'
import { createApp } from './api/app.js'
import { countWrites } from './api/etag/etag-writes.js'
import { Idempotency } from './api/idempotency.js'
import { openAuditLog } from './api/safety/audit.js'
import { Keys } from './api/safety/keys.js'
import { publishOwnerKey } from './api/safety/keys-owner.js'
import { isLoopback } from './api/safety/security-hosts.js'
import { createLiveGuard } from './api/streams/live-guard.js'
import type { Config } from './config.js'
import { type Clock, systemClock } from './crawl/limiter/clock.js'
import { openCrawl, wallClock } from './crawl/open-crawl.js'
import { type LiveClock, systemLiveClock } from './live/live-clock.js'
import { openLive } from './live/open-live.js'
import { openSearch } from './search/open-search.js'
import { readSourceOrder } from './store/bars/source-order.js'
import { openContents } from './store/contents.js'
import { lockDirectory } from './store/engine/directory-lock.js'
import { KeyTable } from './store/key-table.js'
import { openStore } from './store/open-store.js'

/** Time as the server sees it, milliseconds since the epoch: handed in, so that a test lets a day pass in a minute. */
export interface ServerClock extends Clock, LiveClock {
  /** Counts the windows of limits; never goes back. */
  readonly steady: Clock
}

const machineClock: ServerClock = { ...systemLiveClock, ...wallClock, steady: systemClock }

/** How often connections that have become idle are closed while the server stops. */
const IDLE_SWEEP_MS = 100

export interface RunningServer {
  readonly url: string
  /** A key with every scope for the process that runs the server, valid until it stops. */
  readonly ownerKey: string
  /** Lets requests end, then closes the store. */
  close(): Promise<void>
}

/**
 * Opens the store, finishes what an earlier process left, and listens.
 * Throws STORE_LOCKED, STORE_UNAVAILABLE, STORE_ENGINE_MISSING, INVALID_SETTING.
 */
export async function startServer(
  config: Config,
  logger: FastifyServerOptions['logger'] = false,
  clock: ServerClock = machineClock,
): Promise<RunningServer> {
  const lock = lockDirectory(config.data)
  try {
    const opened = await openStore({
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
    const { store, writes } = countWrites(opened)
    try {
      const contents = await openContents(store, writes, readSourceOrder(config.sources))
      const keys = await Keys.open(new KeyTable(store), Date.now)
      const isLocal = isLoopback(config.host)
      if (!isLocal && keys.count === 0) throw needsKey(config)
      const idempotency = new Idempotency(config['api.idempotencyKeysMax'])
      // Before anything is crawled: what is committed is broadcast.
      const live = await openLive({
        ...{ store, contents, config, clock },
        onError: (error) => app.log.error({ err: error }, 'live failed'),
      })
      const onLiveError = (error: unknown, connector: string) =>
        app.log.warn({ connector, err: error }, 'a live source failed')
      const crawl = await openCrawl(store, contents, config, shippedConnectors, clock, onLiveError, clock.steady)
      const search = openSearch({
        ...{ store, contents, config, clock, connectors: shippedConnectors, askNow: crawl.askNow },
        onError: (source, error) => app.log.warn({ source, err: error }, 'a source of a search failed'),
      })
      const audit = openAuditLog(config.data, config['api.auditBytesMax'], {
        error: (...told: Parameters<typeof app.log.error>) => app.log.error(...told),
      })
      const safety = { keys, requiresKeys: () => !isLocal || keys.count > 0, audit, writes }
      const app = await createApp(
        { ...contents, store, crawl, search, live, idempotency, config, now: clock.now },
        safety,
        logger,
      )
      live.attach(app.server, createLiveGuard(config, safety))
      const url = await listen(app, config)
      const owner = publishOwnerKey(config.data, keys.ownerKey)
      lock.publish(url)
      crawl.liveSources.start()
      return {
        url,
        ownerKey: keys.ownerKey,
        async close() {
          live.disconnect()
          crawl.stopWaiting()
          await closeApp(app)
          await audit.close()
          await crawl.close()
          await live.close()
          await store.close()
          owner.withdraw()
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

/** A connection whose last answer ends meanwhile would else be kept for its next request, which nobody waits for. */
async function closeApp(app: Awaited<ReturnType<typeof createApp>>): Promise<void> {
  const sweep = setInterval(() => {
    // A server of HTTP/2 ends its connections by itself.
    if ('closeIdleConnections' in app.server) app.server.closeIdleConnections()
  }, IDLE_SWEEP_MS)
  await app.close().finally(() => clearInterval(sweep))
}

async function listen(app: Awaited<ReturnType<typeof createApp>>, config: Config): Promise<string> {
  try {
    await app.listen({ host: config.host, port: config.port })
    const [address] = app.addresses()
    const port = typeof address === 'object' ? address.port : config.port
    return `${config['tls.cert'] === '' ? 'http' : 'https'}://${nameToCall(config.host)}:${port}`
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause // listen fails with system errors
    throw new BarkeepError('INVALID_SETTING', {
      message: `port ${config.port} on ${config.host} is taken. Choose another with --port, or 0 for any free one.`,
      cause,
    })
  }
}

/** A server on all addresses is called at one. */
function nameToCall(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function needsKey({ host, data }: Config): BarkeepError {
  return new BarkeepError('INVALID_SETTING', {
    message: `host '${host}' is beyond loopback, and there is no key yet. Make one with barkeep keys create --name laptop --scopes read,write --data ${data}, then start again.`,
  })
}
