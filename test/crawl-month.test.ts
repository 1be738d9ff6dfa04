import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { shippedConnectors } from '@barkeep/connectors'
import { type Emulator, startEmulator } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** 1 is real time, where 100 stocks take three minutes at TWSE; the rule of the limits is the same at any scale. */
const timeScale = Number(process.env.BARKEEP_TIME_SCALE ?? 25)
const stocksMax = Number(process.env.BARKEEP_CRAWL_STOCKS ?? 12)

let directory: string
let emulator: Emulator
let server: RunningServer

function scaledLimits(id: string): string {
  const { limits = [] } = shippedConnectors.find((connector) => connector.id === id) ?? {}
  return JSON.stringify(limits.map((limit) => ({ ...limit, perMs: Math.round(limit.perMs / timeScale) })))
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-month-'))
  emulator = await startEmulator({ timeScale })
  const flags = Object.fromEntries(
    (['twse', 'yahoo'] as const).flatMap((id) => [
      [`connectors.${id}.baseUrl`, emulator.url(id)],
      [`connectors.${id}.limits`, scaledLimits(id)],
    ]),
  )
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', ...flags } }))
})

afterAll(async () => {
  await server.close()
  await emulator.close()
  rmSync(directory, { recursive: true })
})

/** Orders a crawl and waits for it; tells how much of what the upstream allows it used. */
async function crawl(connector: 'twse' | 'yahoo', order: object, allowedPerSecond: number): Promise<void> {
  const before = emulator.arrivals(connector).length
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ connector, ...order })
  const { data } = await (await fetch(`${server.url}/v1/crawls`, { method: 'POST', headers, body })).json()
  for (;;) {
    const { data: status } = await (await fetch(`${server.url}/v1/crawls/${data.id}`)).json()
    if (status.state === 'done') {
      expect(status.tasks.dead).toBe(0)
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const times = emulator
    .arrivals(connector)
    .slice(before)
    .map(({ atMs }) => atMs)
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000
  const used = (times.length - 1) / (seconds * allowedPerSecond * timeScale)
  console.log(
    `${connector} ${JSON.stringify(order).slice(0, 60)}: ${times.length} requests in ${seconds.toFixed(1)} s, ${(100 * used).toFixed(1)} % of what the crawl allows itself`,
  )
  expect(emulator.violations(connector)).toEqual([])
}

const listed = () =>
  emulator.truth
    .listings()
    .filter(({ kind, symbol }) => kind === 'stock' && emulator.truth.splits(symbol).length === 0)
    .slice(0, stocksMax)
    .map(({ symbol }) => symbol)

async function closesOf(interval: '1d' | '1m', symbols: readonly string[], start: string, end: string) {
  const wanted = new Set(symbols.map((symbol) => `TWSE:${symbol}`))
  const kept = new Map<string, number[]>()
  for await (const bar of createClient({ url: server.url }).bars(undefined, { interval, start, end, limit: 50_000 })) {
    if (!wanted.has(bar.instrument)) continue
    kept.set(`${bar.instrument} ${Date.parse(bar.ts)}`, [bar.open, bar.high, bar.low, bar.close, bar.volume])
  }
  return kept
}

const month = { start: '2024-10-01', end: '2024-11-01' }
/** TWSE lets 3 requests in 5 seconds through. */
const twsePerSecond = 3 / 5

function monthOfTruth(symbols: readonly string[]): Map<string, (number | null)[]> {
  return new Map(
    symbols.flatMap((symbol) =>
      emulator.truth
        .days(symbol, month.start, month.end)
        .filter(({ close }) => close !== null)
        .map(({ date, open, high, low, close, volumeShares }) => [
          `TWSE:${symbol} ${Date.parse(`${date}T01:00:00Z`)}`,
          [open, high, low, close, volumeShares],
        ]),
    ),
  )
}

test('a month of daily bars by stock, and the same by day', async () => {
  const symbols = listed()
  const instruments = symbols.map((symbol) => `TWSE:${symbol}`)
  await crawl('twse', { plan: 'daily-bars', instruments, ...month }, twsePerSecond)
  expect(await closesOf('1d', symbols, month.start, month.end)).toEqual(monthOfTruth(symbols))
  await crawl('twse', { plan: 'market-days', ...month }, twsePerSecond)
  expect(await closesOf('1d', symbols, month.start, month.end)).toEqual(monthOfTruth(symbols))
}, 1_800_000)

test('days and minutes of the same stocks from another source', async () => {
  const symbols = listed()
  const instruments = symbols.map((symbol) => `TWSE:${symbol}`)
  const end = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
  const start = new Date(Date.now() - 9 * 86_400_000).toISOString().slice(0, 10)
  await crawl('yahoo', { plan: 'daily-bars', instruments, start: '2024-09-01', end: '2024-10-01' }, 1)
  await crawl('yahoo', { plan: 'minute-bars', instruments, start, end }, 1)

  const expected = new Map<string, number[]>()
  for (const symbol of symbols) {
    for (let day = Date.parse(start); day < Date.parse(end); day += 86_400_000) {
      const date = new Date(day).toISOString().slice(0, 10)
      for (const bar of emulator.yahooTruth.bars(symbol, date, 1)) {
        expected.set(`TWSE:${symbol} ${bar.tsMs}`, [bar.open, bar.high, bar.low, bar.close, bar.volumeShares])
      }
    }
  }
  expect(expected.size).toBeGreaterThan(symbols.length * 100)
  expect(await closesOf('1m', symbols, start, end)).toEqual(expected)
}, 1_800_000)
