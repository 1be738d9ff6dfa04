import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { shippedConnectors } from '@barkeep/connectors'
import { type Emulator, startEmulator, type TruthDay } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

// TPEx, and MOPS, which stands behind the wall of TWSE: three connectors, two of them on one budget.
const ids = ['twse', 'tpex', 'mops'] as const
type Id = (typeof ids)[number]

/** 1 is real time; the rule of the limits is the same at any scale. */
const timeScale = Number(process.env.BARKEEP_TIME_SCALE ?? 25)
const month = { start: '2024-10-01', end: '2024-11-01' }
const week = { start: '2024-10-14', end: '2024-10-19' }
const quarter = { start: '2024-01-01', end: '2024-04-01' }

let directory: string
let emulator: Emulator
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-taipei-'))
  emulator = await startEmulator({ timeScale, stocks: 30 })
  const flags = ids.flatMap((id) => {
    const { limits = [] } = shippedConnectors.find((connector) => connector.id === id) ?? {}
    const scaled = limits.map((limit) => ({ ...limit, perMs: Math.round(limit.perMs / timeScale) }))
    return [
      [`connectors.${id}.baseUrl`, emulator.url(id)],
      [`connectors.${id}.limits`, JSON.stringify(scaled)],
    ]
  })
  server = await startServer(loadConfig({ flags: { data: directory, port: '0', ...Object.fromEntries(flags) } }))
})

afterAll(async () => {
  await server.close()
  await emulator.close()
  rmSync(directory, { recursive: true })
})

async function crawl(connector: Id, order: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ connector, ...order })
  const { data } = await (await fetch(`${server.url}/v1/crawls`, { method: 'POST', headers, body })).json()
  for (;;) {
    const { data: status } = await (await fetch(`${server.url}/v1/crawls/${data.id}`)).json()
    if (status.state === 'done') {
      expect([connector, order, status.tasks.dead]).toEqual([connector, order, 0])
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const stocks = () =>
  emulator.tpexTruth
    .listings()
    .filter(({ kind }) => kind === 'stock')
    .map(({ symbol }) => symbol)

async function rowsOf(dataset: string): Promise<Record<string, unknown>[]> {
  return createClient({ url: server.url }).dataset(dataset).rows({ limit: 5_000 }).toArray()
}

function byKey<Row extends Record<string, unknown>>(rows: readonly Row[], date: 'date' | 'month'): Map<string, Row> {
  const kept = new Map(rows.map((row) => [`${row.instrument} ${row[date]}`, row]))
  expect(kept.size).toBe(rows.length)
  return kept
}

/** What may be missing from a day of the truth is a price. */
const hasPrices = ({ close }: TruthDay) => close !== null

test('both markets and their companies at once, within the limits of each host', async () => {
  const instruments = stocks().map((symbol) => `TPEX:${symbol}`)
  await crawl('tpex', { plan: 'instruments', ...month })
  await Promise.all([
    crawl('tpex', { plan: 'market-days', ...month }),
    crawl('tpex', { plan: 'stock-months', instruments: instruments.slice(0, 8), ...month }),
    crawl('tpex', { plan: 'valuations', ...week }),
    crawl('mops', { plan: 'monthly-revenue', ...quarter }),
    crawl('twse', { plan: 'valuations', ...week }),
  ])
  expect(ids.map((id) => [id, emulator.violations(id)])).toEqual(ids.map((id) => [id, []]))

  // The list of TPEx's securities counts at TWSE, with whose pages and those of MOPS it shares a budget.
  const atTwse = ids
    .flatMap((id) => emulator.arrivals(id))
    .filter(({ path }) => !path.startsWith('/www/'))
    .map(({ atMs }) => atMs)
    .sort((a, b) => a - b)
  expect(atTwse.length).toBe(1 + 12 + 5)
  const spans = atTwse.slice(3).map((atMs, index) => atMs - (atTwse[index] ?? 0))
  expect(Math.min(...spans)).toBeGreaterThanOrEqual(5_000 / timeScale)
}, 600_000)

test('days of the whole market are what TPEx has, each once, without warrants', async () => {
  const told = new Map<string, readonly (number | null)[]>()
  let count = 0
  const client = createClient({ url: server.url })
  for await (const bar of client.bars(undefined, { interval: '1d', ...month, limit: 50_000 })) {
    const { instrument, open, high, low, close, volume, turnover, trades } = bar
    told.set(`${instrument} ${Date.parse(bar.ts)}`, [open, high, low, close, volume, turnover, trades])
    count++
  }
  const listed = emulator.tpexTruth.listings().filter(({ kind }) => kind !== 'warrant')
  const expected = listed.flatMap(({ symbol }) =>
    emulator.tpexTruth
      .days(symbol, month.start, month.end)
      .filter(hasPrices)
      .map((day): [string, (number | null)[]] => {
        const { date, open, high, low, close, volumeShares, turnover, trades } = day
        const key = `TPEX:${symbol} ${Date.parse(`${date}T01:00:00Z`)}`
        return [key, [open, high, low, close, volumeShares, turnover, trades]]
      }),
  )
  expect(expected.length).toBeGreaterThan(500)
  expect(told).toEqual(new Map(expected))
  expect(count).toBe(expected.length)
})

test('nothing of that month is missing then, and what is missing later is asked of TPEx', async () => {
  const client = createClient({ url: server.url })
  const exchange = 'TPEX'
  expect(await client.gaps({ exchange, interval: '1d', ...month }).toArray()).toEqual([])
  const later = { start: '2024-11-04', end: '2024-11-09' }
  const { crawls } = await client.backfill({ exchange, interval: '1d', ...later, dryRun: true })
  expect(crawls).toMatchObject([{ connector: 'tpex', plan: 'market-days', estimate: { requests: 5 } }])
})

test('months of one stock are rows in thousands, which bars never are', async () => {
  const rows = byKey(await rowsOf('tpex_rounded_days'), 'date')
  const expected = stocks()
    .slice(0, 8)
    .flatMap((symbol) => emulator.tpexTruth.days(symbol, month.start, month.end))
  expect(rows.size).toBe(expected.length)
  for (const { symbol, date, open, close, volumeShares, turnover, trades } of expected) {
    expect(rows.get(`TPEX:${symbol} ${date}`)).toMatchObject({
      open,
      close,
      volume_thousands: Math.round(volumeShares / 1_000),
      turnover_thousands: Math.round(turnover / 1_000),
      trades,
    })
  }
})

test('valuations are there for every stock of every session, securities with their names', async () => {
  const valuations = byKey(await rowsOf('tpex_valuations'), 'date')
  const days = stocks().flatMap((symbol) => emulator.tpexTruth.days(symbol, week.start, week.end))
  expect([...valuations.keys()].sort()).toEqual(days.map(({ symbol, date }) => `TPEX:${symbol} ${date}`).sort())
  const answer = await fetch(`${server.url}/v1/instruments?exchange=TPEX&limit=5000`)
  const { data }: { data: { instrument: string; name: string; isin: string | null }[] } = await answer.json()
  const listed = emulator.tpexTruth.listings().filter(({ kind }) => kind !== 'warrant')
  expect(data.map(({ instrument, name, isin }) => [instrument, name, isin]).sort()).toEqual(
    listed.map(({ symbol, name, isin }) => [`TPEX:${symbol}`, name, isin]).sort(),
  )
})

test('revenue is what companies of both exchanges report, domestic and foreign', async () => {
  const rows = byKey(await rowsOf('mops_monthly_revenue'), 'month')
  const { companies, revenue, revenueToDate } = emulator.mopsTruth
  const months = ['2024-01', '2024-02', '2024-03']
  const expected = (['TWSE', 'TPEX'] as const).flatMap((exchange) =>
    months.flatMap((date) => companies(exchange, date).map((company) => ({ ...company, exchange, date }))),
  )
  expect(expected.some(({ isForeign }) => isForeign)).toBe(true)
  expect(rows.size).toBe(expected.length)
  for (const { exchange, symbol, name, industry, isForeign, date } of expected) {
    expect(rows.get(`${exchange}:${symbol} ${date}-01`)).toMatchObject({
      name,
      industry,
      is_foreign: isForeign,
      revenue_thousands: revenue(symbol, date),
      year_to_date_thousands: revenueToDate(symbol, date),
    })
  }
})
