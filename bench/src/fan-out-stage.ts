import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient, type Publisher } from '@barkeep/client'
import type { Bar } from '@barkeep/core'
import { WebSocket } from 'ws'
import { type Service, startService } from './child.js'
import { startServerProcess } from './server-process.js'
import { plainWs } from './tasks/plain-ws.js'

/**
 * `live`: Barkeep, the whole way from the publisher. `relay`: a server of Barkeep that commits nothing and sends what another
 * one put on Redis. `ws`: a plain server of `ws`.
 */
export type Way = 'live' | 'relay' | 'ws'

export const wayNames: Readonly<Record<Way, string>> = {
  live: 'Barkeep',
  relay: 'Barkeep, sending alone',
  ws: 'plain `ws`',
}

export interface Stage {
  /** Where listeners connect, and the process that sends to them. */
  readonly url: string
  readonly pid: number
  /** Messages with a number; resolves when they are published. */
  send(number: number, bars: number, burst: number): Promise<void>
  stop(): Promise<void>
}

export interface StageWish {
  readonly directory: string
  /** What `ws` sends, as Barkeep sent it; empty for bars as they are published. */
  readonly sample: string
  /** Needed by `relay`. */
  readonly redisUrl?: string
}

export function openStage(way: Way, { directory, sample, redisUrl }: StageWish): Promise<Stage> {
  if (way === 'ws') return openWs(sample)
  return openLive(directory, way === 'live' ? undefined : redisUrl)
}

async function openWs(sample: string): Promise<Stage> {
  const server: Service<string> = await startService(plainWs, {})
  const socket = new WebSocket(server.output, { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return {
    url: server.output,
    pid: server.pid,
    async send(number, bars, burst) {
      const text = sample === '' ? JSON.stringify(barsOf(number, bars, 1)) : numbered(sample, number)
      for (let left = burst; left > 1; left--) socket.send(text)
      await new Promise((resolve) => socket.send(text, resolve))
    },
    async stop() {
      socket.terminate()
      await server.stop()
    },
  }
}

/** Nothing but what is published, and nobody is cut off for being slow. */
const liveFlags = {
  'live.windowDates': '0',
  'live.builds': 'false',
  'live.leaseMs': '60000',
  'live.heartbeatMs': '60000',
  'live.slowMsMax': '600000',
}

async function openLive(directory: string, redisUrl: string | undefined): Promise<Stage> {
  const start = async (name: string, further: object) => {
    const data = join(directory, name)
    await mkdir(data, { recursive: true })
    const flags = Object.entries({ ...liveFlags, ...further }).flatMap(([setting, value]) => [`--${setting}`, value])
    return startServerProcess(data, flags)
  }
  const shared = redisUrl === undefined ? {} : { 'redis.url': redisUrl, 'crawl.worksHere': 'false' }
  const writer = await start('writer', shared)
  const relay = redisUrl === undefined ? undefined : await start('relay', { ...shared, 'live.publishes': 'false' })
  const publisher: Publisher = await createClient({ url: writer.url }).publish('kmin')
  const { url, pid } = relay ?? writer
  return {
    url,
    pid,
    send: async (number, bars, burst) => void (await publisher.send(barsOf(number, bars, burst))),
    async stop() {
      await publisher.close()
      await relay?.stop()
      await writer.stop()
    },
  }
}

/** The same message with another number, as many bytes as far as numbers have as many digits. */
function numbered(sample: string, number: number): string {
  return sample.replace(/"volume":\d+/, `"volume":${number}`)
}

const START_MS = Date.UTC(2026, 10, 20, 1)

/**
 * Bars of so many instruments at so many starts, which may still change: behind final ones everybody would be told, in a message
 * of its own, that their minute is done.
 */
function barsOf(number: number, count: number, burst: number): (Bar & { readonly final: boolean })[] {
  const close = 100 + (number % 50) / 4
  const prices = { open: close - 0.25, high: close + 1.5, low: close - 1.25, close }
  return Array.from({ length: count * burst }, (_, at) => {
    const startMs = START_MS + (number * burst + Math.floor(at / count)) * 60_000
    const ts = new Date(startMs).toISOString().replace('.000', '')
    const instrument = `SIM:${1_001 + (at % count)}`
    return { instrument, ts, ...prices, volume: number, turnover: number * close, trades: 12, final: false }
  })
}
