import { randomUUID } from 'node:crypto'
import type { Server as HttpServer } from 'node:http'
import { type KeptInterval, type NotifyReport, type NotifyRequest, type Topic, topicOf } from '@barkeep/core'
import type { Config } from '../config.js'
import { type BarsWitness, postedQuery } from '../store/bars/bars-witness.js'
import type { Contents } from '../store/contents.js'
import type { Store } from '../store/store.js'
import { slotAt } from './bar-slots.js'
import { countedLease } from './counted-lease.js'
import { Deadlines } from './deadlines.js'
import { createStoredBars } from './derived-bars.js'
import { LiveBuilds } from './live-builds.js'
import { type LiveClock, systemLiveClock } from './live-clock.js'
import { broadcastBars, LiveDoor } from './live-door.js'
import { LiveGuests } from './live-guests.js'
import { LiveHub } from './live-hub.js'
import type { LiveLog, LogSize } from './live-log.js'
import { type LiveObserver, type LiveStats, liveStats } from './live-stats.js'
import { type FromAddress, type StreamWish, streamTopic } from './live-stream.js'
import { createLiveWindow } from './live-window.js'
import { createMemoryLiveLog } from './memory-live-log.js'
import { MemoryPublisherLease } from './memory-publisher-lease.js'
import { NotifyDesk } from './notify-desk.js'
import { openRedisLive } from './open-redis-live.js'
import type { PublisherLease } from './publisher-lease.js'
import { ReplayDesk } from './replay-desk.js'
import { createReplaySource } from './replay-source.js'
import { type ReplayStreamWish, streamReplay } from './replay-stream.js'
import { passesOnOnly } from './socket-connection.js'
import { type Admit, openSocketGateway } from './socket-gateway.js'
import { type DoneMark, Watermark } from './watermark.js'

/** Everything live. */
export interface Live {
  /** Broadcasts what was posted since the last time, in the name of `caller`. Throws LEASE_HELD, INVALID_PARAMETER. */
  notify(interval: KeptInterval, caller: string, request: NotifyRequest): Promise<NotifyReport>
  /** A topic as server-sent events. Throws OVER_CAPACITY. */
  stream(wish: StreamWish & FromAddress): AsyncIterable<Buffer>
  /** A past day of a topic as server-sent events. Throws INVALID_PARAMETER, OVER_CAPACITY. */
  replay(wish: ReplayStreamWish & FromAddress): AsyncIterable<Buffer>
  stats(): LiveStats
  /** What the log of a topic holds. Throws SERVICE_UNAVAILABLE. */
  logSize(topic: Topic): Promise<LogSize>
  /** Begins to tell how long things take. */
  observe(observer: LiveObserver): void
  /** Takes connections of socket.io on a server. */
  attach(server: HttpServer, admit: Admit): void
  /** Ends the connections of all subscribers and publishers, and takes no more. */
  disconnect(): void
  /** Waits for what is being written. */
  close(): Promise<void>
}

export interface LiveParts {
  readonly store: Store
  readonly contents: Pick<Contents, 'catalog' | 'ingest'>
  readonly config: Config
  readonly clock?: LiveClock
  readonly onError: (error: unknown) => void
}

/** Begins to broadcast what is committed, and closes what ended while no server ran. */
export async function openLive(parts: LiveParts): Promise<Live> {
  const { store, contents, config, clock = systemLiveClock, onError } = parts
  const { catalog, ingest } = contents
  const { now } = clock
  const exchange = (code: string) => catalog.exchanges.find((one) => one.code === code)
  const limits = {
    instrumentsMax: config['api.instrumentsMax'],
    exchange: (code: string) => catalog.exchange(code),
  }
  const heartbeatMs = config['live.heartbeatMs']
  const { log, lease } = await openLog(config, clock)
  const observers = new Set<LiveObserver>()
  const hub = await LiveHub.open(log, {
    outboxBytesMax: config['live.outboxBytesMax'],
    conflateMs: config['live.conflateMs'],
    slowMsMax: config['live.slowMsMax'],
    now,
  })
  const window = createLiveWindow({ exchanges: () => catalog.exchanges, dates: config['live.windowDates'], now })
  const watermark = (topic: Topic) => {
    // What is made of minutes comes after them.
    const isBuilt = config['live.builds'] && topic !== 'kmin'
    return new Watermark({ topic, exchange, doneMs: config['live.doneMs'] * (isBuilt ? 2 : 1), now })
  }
  const watermarks = { kmin: watermark('kmin'), khour: watermark('khour'), kday: watermark('kday') }
  const stored = createStoredBars(store, catalog, now)
  const publishes = config['live.publishes']
  const builds =
    publishes && config['live.builds']
      ? new LiveBuilds({ ingest, stored, watermarks, exchange, now, onError })
      : undefined
  const door = new LiveDoor({
    ingest,
    log,
    lease: countedLease(lease, hub.tally),
    window,
    watermarks,
    onPublished(topic, elapsedMs) {
      for (const observer of observers) observer.published(topic, elapsedMs)
    },
    onBroadcast(topic, bars, done) {
      for (const mark of done) tellLateness(topic, mark)
      builds?.onBroadcast(door, topic, bars, done)
      deadlines.set(topic)
    },
  })
  const tellLateness = (topic: Topic, mark: DoneMark) => {
    const market = exchange(mark.exchange)
    const slot = market === undefined ? undefined : slotAt(topic, market, Date.parse(mark.ts))
    if (slot === undefined) return
    for (const observer of observers) observer.done(topic, Math.max(0, now() - slot.endMs))
  }
  const deadlines = new Deadlines({ watermarks, clock, close: (topic) => door.closeDue(topic), onError })
  const rowsMax = config['live.notifyRowsMax']
  const notifyDesk = new NotifyDesk(door, { rowsMax, limits })
  const watcher: BarsWitness = {
    appended(committed) {
      door.announce(topicOf(committed.interval), broadcastBars(committed)).catch(onError)
    },
    // One more than is wanted tells a backfill.
    readPosted: (from, table) => from.rows(postedQuery(table), { since: window.sinceSeconds(), rowsMax: rowsMax + 1 }),
    posted: (interval, bars) => notifyDesk.add(topicOf(interval), window.filter(bars)),
  }
  if (publishes) ingest.watch(watcher)
  await builds?.closeMissed(door, catalog.exchanges, now() - 2 * config['live.doneMs'])

  const source = createReplaySource({ store, catalog, stored, now })
  const replays = new ReplayDesk({ source, clock, exchange, replaysMax: config['live.replaysMax'] })
  const gateways: { close(): void }[] = []
  const guestLimits = {
    max: config['live.subscribersMax'],
    perAddressMax: config['live.subscribersPerAddressMax'],
  }
  const guests = new LiveGuests(guestLimits)
  /** Counts who listens over HTTP until it has gone. Throws OVER_CAPACITY. */
  const enter = ({ address, signal }: FromAddress & Pick<StreamWish, 'signal'>) => {
    const leave = guests.enter(address)
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    return AbortSignal.any([signal, streams.signal])
  }
  const streams = new AbortController()
  return {
    async notify(interval, caller, request) {
      if (!publishes) throw passesOnOnly()
      return notifyDesk.notify(topicOf(interval), caller, request)
    },
    stream: (wish) => streamTopic(hub, clock, heartbeatMs, { ...wish, signal: enter(wish) }),
    replay: (wish) => streamReplay(replays, heartbeatMs, { ...wish, signal: enter(wish) }),
    stats: () => liveStats(hub, guests),
    logSize: (topic) => log.size(topic),
    observe: (observer) => void observers.add(observer),
    attach(server, admit) {
      const settings = {
        heartbeatMs,
        leaseMs: config['live.leaseMs'],
        messageBytesMax: config['live.messageBytesMax'],
        outboxBytesMax: config['live.outboxBytesMax'],
        publishes,
        words: { perSecond: config['live.wordsPerSecond'], burst: Math.max(1, config['live.wordsBurst']) },
      }
      const parts = { hub, door, replays, clock, guests, guestLimits, limits, admit, onError }
      gateways.push(openSocketGateway(server, { ...parts, ...settings }))
    },
    disconnect() {
      streams.abort()
      for (const gateway of gateways) gateway.close()
    },
    async close() {
      deadlines.stop()
      await door.drain()
      await log.close()
    },
  }
}

/** In this process, or shared with other servers. Throws SERVICE_UNAVAILABLE. */
async function openLog(
  config: Config,
  { now }: LiveClock,
): Promise<{ readonly log: LiveLog; readonly lease: PublisherLease }> {
  const leaseMs = config['live.leaseMs']
  const bounds = { messagesMax: config['live.logMessagesMax'], bytesMax: config['live.logBytesMax'] }
  const begins = config['live.publishes']
  if (config['redis.url'] !== '') return openRedisLive(config['redis.url'], { ...bounds, leaseMs, begins })
  const lease = new MemoryPublisherLease({ now, leaseMs })
  const holds = (topic: Topic, token: number) => lease.holds(topic, token)
  return { lease, log: createMemoryLiveLog({ ...bounds, epoch: randomUUID(), holds }) }
}
