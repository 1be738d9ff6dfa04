import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { type Emulator, startEmulator } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { backfill } from '../packages/cli/src/backfill.js'
import { printGaps } from '../packages/cli/src/gaps.js'

const timeScale = 50
const exchange = 'TWSE'
/** A week with a typhoon day, 2024-10-31, of which no schedule tells. */
const week = { start: '2024-10-28', end: '2024-11-02' }

let directory: string
let emulator: Emulator
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-gaps-http-'))
  emulator = await startEmulator({ timeScale })
  server = await startServer(
    loadConfig({
      flags: {
        data: directory,
        port: '0',
        'connectors.twse.baseUrl': emulator.url('twse'),
        'connectors.twse.limits': JSON.stringify([
          { requests: 3, perMs: 5_000 / timeScale, host: 'twse.com.tw' },
          { requests: 1, perMs: 1_700 / timeScale, host: 'twse.com.tw' },
        ]),
      },
    }),
  )
})

afterAll(async () => {
  await server.close()
  await emulator.close()
  rmSync(directory, { recursive: true })
})

async function crawlDay(start: string, end: string): Promise<void> {
  const client = createClient({ url: server.url })
  const { id } = await client.crawl({ connector: 'twse', plan: 'market-days', start, end })
  while ((await client.crawlStatus(id)).state !== 'done') await new Promise((resolve) => setTimeout(resolve, 20))
}

/** What a command prints while it runs. */
async function printed(work: () => Promise<void>): Promise<string[]> {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  try {
    await work()
  } finally {
    log.mockRestore()
    error.mockRestore()
  }
  return lines
}

const flags = () => ({ data: directory })
const datesAsked = (from: number) =>
  emulator
    .arrivals('twse')
    .slice(from)
    .map(({ path }) => new URL(path, 'http://twse').searchParams.get('date'))
    .sort()

test('barkeep backfill asks the exchange for the days that nobody has, and learns which was a typhoon', async () => {
  await crawlDay('2024-10-28', '2024-10-29')
  await crawlDay('2024-10-30', '2024-10-31')
  await crawlDay('2024-11-01', '2024-11-02')
  const client = createClient({ url: server.url })
  expect(await printed(() => printGaps({ exchange, ...week }, flags()))).toEqual([
    'TWSE\t1d\t2024-10-29\t2024-10-30\t\tmarket-day',
    'TWSE\t1d\t2024-10-31\t2024-11-01\t\tmarket-day',
  ])

  const csv = await fetch(`${server.url}/v1/gaps?exchange=${exchange}&start=${week.start}&end=${week.end}&format=csv`)
  expect((await csv.text()).split('\n')).toEqual([
    'scope,interval,start,end,from,to,reason',
    '"TWSE","1d","2024-10-29","2024-10-30",,,"market-day"',
    '"TWSE","1d","2024-10-31","2024-11-01",,,"market-day"',
    '',
  ])

  const before = emulator.arrivals('twse').length
  const planned = await printed(() => backfill({ exchange, ...week }, flags(), true))
  expect(planned).toEqual([
    '2 gaps.',
    expect.stringMatching(/^twse market-days: 2 requests .* held up by .*twse.com.tw/),
  ])
  expect(datesAsked(before)).toEqual([])

  await printed(() => backfill({ exchange, ...week }, flags()))
  expect(datesAsked(before)).toEqual(['20241029', '20241031'])
  expect(emulator.violations('twse')).toEqual([])
  expect(await client.gaps({ exchange, ...week }).toArray()).toEqual([])
  expect(await client.calendar(exchange, week)).toEqual(emulator.truth.calendar.sessions(week.start, week.end))
  const bars = await client.bars(['TWSE:2330'], { interval: '1d', ...week }).toArray()
  expect(bars.map(({ close }) => close)).toEqual(
    emulator.truth.days('2330', week.start, week.end).map(({ close }) => close),
  )
})

test('one stock that nobody asked for is asked for by its months, and many by their days', async () => {
  const client = createClient({ url: server.url })
  const before = emulator.arrivals('twse').length
  const one = await client.backfill({
    instruments: ['TWSE:2330'],
    interval: '1d',
    start: '2024-08-05',
    end: '2024-10-01',
    dryRun: true,
  })
  expect(one.crawls).toMatchObject([{ connector: 'twse', plan: 'daily-bars', estimate: { requests: 2 } }])
  const all = await client.backfill({ exchange, interval: '1d', start: '2024-10-21', end: '2024-10-26', dryRun: true })
  expect(all.crawls).toMatchObject([{ connector: 'twse', plan: 'market-days', estimate: { requests: 5 } }])
  expect(datesAsked(before)).toEqual([])
})

test('schedules are made, told and removed over HTTP', async () => {
  const put = (name: string, body: object) =>
    fetch(`${server.url}/v1/schedules/${name}`, {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  const daily = { cron: '30 18 * * 1-5', exchange, days: 3, crawl: { connector: 'twse', plan: 'market-days' } }
  expect((await put('twse-daily', daily)).status).toBe(200)
  const list = async () => (await (await fetch(`${server.url}/v1/schedules`)).json()).data
  expect(await list()).toMatchObject([
    { name: 'twse-daily', definition: daily, last: { state: 'done', crawls: [], error: null } },
  ])
  expect((await list())[0].next).toMatch(/T10:30:00Z$/)
  for (const [wrong, status, hint] of [
    [{ ...daily, cron: 'daily' }, 400, 'cron'],
    [{ ...daily, crawl: { connector: 'twse', plan: 'market-day' } }, 404, 'market-days'],
    [{ ...daily, day: 1 }, 400, 'day'],
  ] as const) {
    const answer = await put('wrong', wrong)
    expect([answer.status, (await answer.json()).message]).toEqual([status, expect.stringContaining(hint)])
  }
  expect((await fetch(`${server.url}/v1/schedules/twse-daily`, { method: 'DELETE' })).status).toBe(200)
  expect((await fetch(`${server.url}/v1/schedules/twse-daily`, { method: 'DELETE' })).status).toBe(404)
  expect(await list()).toEqual([])
})

test.each([
  ['gaps?exchange=TSWE', 400, 'TWSE'],
  ['gaps?exchange=TWSE&instruments=TWSE:2330', 400, 'exclude'],
  ['gaps?instruments=TWSE:9999', 404, 'TWSE:9999'],
  ['gaps?reasons=never', 400, 'reasons'],
  ['gaps?start=2024-10-02&end=2024-10-01', 400, 'half-open'],
  ['gaps?start=2024-10-02T00:00:00Z', 400, 'session date'],
  ['gaps?cursor=abc', 400, 'cursor'],
  ['coverage?cursor=abc', 400, 'cursor'],
  ['coverage?start=soon', 400, 'start'],
])('a question that cannot be: %s', async (path, status, hint) => {
  const answer = await fetch(`${server.url}/v1/${path}`)
  expect([answer.status, (await answer.json()).message]).toEqual([status, expect.stringContaining(hint)])
})
