import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simulatedSessionDates, typhoonDate } from '@barkeep/connectors'
import { keptIntervals } from '@barkeep/core'
import { type Config, loadConfig } from '@barkeep/server'
import fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { calendarRoutes } from '../packages/server/src/api/calendar-routes.js'
import type { Api, ApiContext } from '../packages/server/src/api/context.js'
import { coverageRoutes } from '../packages/server/src/api/crawl/coverage-routes.js'
import { gapRoutes } from '../packages/server/src/api/crawl/gap-routes.js'
import { Idempotency } from '../packages/server/src/api/idempotency.js'
import { type SchemaTypes, validatorCompiler } from '../packages/server/src/api/schema/validation.js'
import type { CrawlOrder } from '../packages/server/src/crawl/crawls.js'
import { systemClock } from '../packages/server/src/crawl/limiter/clock.js'
import { type Crawl, openCrawl } from '../packages/server/src/crawl/open-crawl.js'
import { type Contents, openContents } from '../packages/server/src/store/contents.js'
import { openStore } from '../packages/server/src/store/open-store.js'
import type { Store } from '../packages/server/src/store/store.js'
import { createGapsMarket, dateAfter, dateOf, type GapsMarket } from './gaps-market.js'

// A stretch with a holiday of the schedule on a weekday, 2026-05-01, and a typhoon in its middle.
const stretch = { until: '2026-05-15', years: 34 / 365.25 }
const sessions = simulatedSessionDates(stretch)
const [start, end] = [sessions[0] ?? '', dateAfter(sessions.at(-1) ?? '')]
const typhoon = typhoonDate(stretch)
const holiday = '2026-05-01'
const at = (place: number) => sessions[place] ?? ''
const day = (place: number) => ({ start: at(place), end: dateAfter(at(place)) })
/** The evening of the last session. */
const nowMs = Date.parse('2026-05-15T12:00:00Z')

const planted = {
  /** A day that the upstream left out for one. */
  dayOfOne: { instrument: 'SIM:1002', place: 6 },
  /** Minutes that nobody asked for. */
  minutesOfOne: { instrument: 'SIM:1003', place: 4 },
  /** An hour that the upstream left out for ten. */
  hourOfTen: { instruments: Array.from({ length: 10 }, (_, index) => `SIM:${1001 + index}`), place: 8 },
  /** A day that nobody asked for. */
  dayOfAll: { place: 9 },
  halted: { instrument: 'SIM:1005', places: [14, 15] },
  zeros: { instrument: 'SIM:1006', place: 16 },
  failed: { instrument: 'SIM:1007', place: 18 },
}

let directory: string
let store: Store
let contents: Contents
let crawl: Crawl
let market: GapsMarket
let app: Api

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-gaps-'))
  const config: Config = loadConfig({ flags: { data: directory, 'gaps.settleMs': '3600000' } })
  store = await openStore({
    directory,
    server: { url: '', user: '', password: '', database: '' },
    streamsMax: 2,
    silenceMsMax: 600_000,
  })
  contents = await openContents(store)
  const { halted } = planted
  market = createGapsMarket(sessions, { instrument: halted.instrument, dates: halted.places.map(at) })
  await contents.catalog.save(market.instruments)
  await contents.datasets.create({
    name: 'sim_holidays',
    title: 'Schedule',
    licence: null,
    source: null,
    key: ['date'],
    columns: [
      { name: 'date', type: 'date', nullable: false },
      { name: 'open', type: 'boolean', nullable: false },
    ],
  })
  await contents.datasetIngest.store({
    name: 'sim_holidays',
    format: 'JSONEachRow',
    body: bytesOf([{ date: holiday, open: false }]),
    bytesMax: 1_000_000,
  })
  const clock = { now: () => nowMs, sleep: systemClock.sleep }
  crawl = await openCrawl(store, contents, config, [market.connector], clock)
  app = fastify().withTypeProvider<SchemaTypes>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(() => JSON.stringify)
  const parts = { ...contents, store, crawl, idempotency: new Idempotency(10), config, now: clock.now }
  const context = parts as unknown as ApiContext // these routes need nothing else
  for (const routes of [calendarRoutes, coverageRoutes, gapRoutes]) routes(app, context)
  await fillWithGaps()
})

afterAll(async () => {
  await app.close()
  await crawl.close()
  await store.close()
  rmSync(directory, { recursive: true })
})

async function* bytesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** Crawls all that is not planted to be missing. */
async function fillWithGaps(): Promise<void> {
  const { dayOfOne, minutesOfOne, hourOfTen, dayOfAll, zeros, failed } = planted
  market.hides = (bar, interval) =>
    (interval === '1d' && bar.instrument === dayOfOne.instrument && dateOf(bar) === at(dayOfOne.place)) ||
    (interval === '1m' &&
      hourOfTen.instruments.includes(bar.instrument) &&
      bar.ts.startsWith(`${at(hourOfTen.place)}T02`))
  market.refuses = ({ instrument, interval, start: from }) =>
    instrument === failed.instrument && interval === '1m' && from === at(failed.place)
  const names = market.instruments.map(({ instrument }) => instrument)
  const without = (places: readonly number[], single: readonly number[] = []) => {
    const cuts = [...places, ...single].sort((a, b) => a - b)
    let from = start
    const pieces: { start: string; end: string }[] = []
    for (const place of cuts) {
      pieces.push({ start: from, end: at(place) })
      if (single.includes(place)) pieces.push(day(place))
      from = dateAfter(at(place))
    }
    return [...pieces, { start: from, end }]
  }
  await run({
    plan: 'days',
    windows: sessions.flatMap((_, place) => (place === dayOfAll.place ? [] : [day(place)])),
  })
  await run({
    plan: 'hours',
    windows: names.flatMap((instrument) => without([dayOfAll.place]).map((window) => ({ instrument, ...window }))),
  })
  await run({
    plan: 'minutes',
    windows: names.flatMap((instrument) =>
      without(
        [dayOfAll.place, ...(instrument === minutesOfOne.instrument ? [minutesOfOne.place] : [])],
        instrument === failed.instrument ? [failed.place] : [],
      ).map((window) => ({ instrument, ...window })),
    ),
  })
  await store.command(
    `INSERT INTO bars_1d SELECT {id:UInt32}, toDateTime({ts:String}, 'UTC'), 0, 0, 0, 0, 0, 0, 0, 'zeros', true, now64(3)`,
    { id: contents.catalog.instrument(zeros.instrument)?.id ?? -1, ts: `${at(zeros.place)} 01:00:00` },
  )
  market.hides = () => false
  market.refuses = () => false
  market.asked.length = 0
}

async function run(order: Pick<CrawlOrder, 'plan' | 'windows'>): Promise<void> {
  const { id } = await crawl.crawls.order({ connector: 'gapsmarket', start, end, ...order })
  await untilDone(id)
}

async function untilDone(id: number): Promise<void> {
  for (;;) {
    if ((await crawl.crawls.status(id)).state === 'done') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function get(path: string) {
  const answer = await app.inject({ method: 'GET', url: path })
  expect([path, answer.statusCode, answer.body]).toEqual([path, 200, expect.any(String)])
  return answer.json()
}

async function gaps(query = '') {
  const { data } = await get(`/v1/gaps?exchange=SIM&start=${start}${query}`)
  return data.map(({ scope, interval, start: from, end: until, from: opens, to, reason }: Record<string, string>) =>
    [scope, interval, from, until, ...(opens === null ? [] : [`${opens}-${to}`]), reason].join(' '),
  )
}

async function backfill(body: object, dryRun = false) {
  const answer = await app.inject({ method: 'POST', url: `/v1/backfills?dry_run=${dryRun}`, payload: body })
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)])
  return answer.json().data
}

const span = (place: number) => `${at(place)} ${dateAfter(at(place))}`

test('what was planted is found, each with its name, and nothing else', async () => {
  const { dayOfOne, minutesOfOne, hourOfTen, dayOfAll, zeros, failed } = planted
  const hours = hourOfTen.instruments.map(
    (instrument) => `${instrument} 1m ${span(hourOfTen.place)} 10:00-11:00 upstream-hole`,
  )
  const ofMinutes = [
    ...hours,
    `${minutesOfOne.instrument} 1m ${span(minutesOfOne.place)} never-asked`,
    `${failed.instrument} 1m ${span(failed.place)} failed`,
  ]
  expect((await gaps()).sort()).toEqual(
    [
      `SIM 1d ${span(dayOfAll.place)} market-day`,
      `SIM 1d ${typhoon} ${dateAfter(typhoon)} market-day`,
      `${dayOfOne.instrument} 1d ${span(dayOfOne.place)} upstream-hole`,
      `${zeros.instrument} 1d ${span(zeros.place)} zeros`,
      ...ofMinutes,
    ].sort(),
  )
})

test('what is absent and not missing is told with its reason when asked for', async () => {
  const { halted, dayOfAll } = planted
  const quiet = await gaps('&interval=1d&reasons=no-trade,halted,not-listed')
  const [first = 0, last = 0] = halted.places
  expect(quiet).toContain(`${halted.instrument} 1d ${at(first)} ${dateAfter(at(last))} halted`)
  const traded = new Set(market.bars('1d').map((bar) => `${bar.instrument} ${dateOf(bar)}`))
  const silent = market.instruments.flatMap(({ instrument }) =>
    sessions.flatMap((date, place) =>
      traded.has(`${instrument} ${date}`) || place === dayOfAll.place ? [] : [`${instrument} ${date}`],
    ),
  )
  const told = quiet.flatMap((text: string) => {
    const [instrument, , from = '', until = ''] = text.split(' ')
    return sessions.filter((date) => date >= from && date < until).map((date) => `${instrument} ${date}`)
  })
  expect(told.sort()).toEqual(silent.sort())
})

test('pages of any size are the same gaps', async () => {
  const whole = await get(
    `/v1/gaps?exchange=SIM&start=${start}&reasons=market-day,never-asked,failed,upstream-hole,zeros,halted`,
  )
  for (const limit of [8]) {
    const pages: unknown[] = []
    let path: string | undefined = `${whole.links.self}&limit=${limit}`
    while (path !== undefined) {
      const { data, links } = await get(path)
      expect(data.length).toBeLessThanOrEqual(limit)
      pages.push(...data)
      path = links.next
    }
    expect(pages).toEqual(whole.data)
  }
})

test('the calendar tells sessions, closed days and missing ones apart, and who says so', async () => {
  const { data } = await get(`/v1/calendar/SIM?start=${start}&end=2026-05-20&detail=true`)
  const days = new Map<string, { state: string; told_by: string }>(
    data.map(({ date, ...rest }: { date: string; state: string; told_by: string }) => [date, rest]),
  )
  expect(days.get(at(0))).toEqual({ state: 'session', told_by: 'bars', open: '09:00', close: '13:30', half_day: false })
  expect(days.get(holiday)).toMatchObject({ state: 'closed', told_by: 'schedule', open: null })
  expect(days.get('2026-05-02')).toMatchObject({ state: 'closed', told_by: 'weekday' })
  expect(days.get(typhoon)).toMatchObject({ state: 'missing', told_by: 'schedule' })
  expect(days.get(at(planted.dayOfAll.place))).toMatchObject({ state: 'missing' })
  expect(days.get('2026-05-18')).toMatchObject({ state: 'expected' })
  const dates = (await get(`/v1/calendar/SIM?start=${start}&end=${end}`)).data
  expect(dates).toEqual(sessions.filter((_, place) => place !== planted.dayOfAll.place))
})

test('coverage tells what was asked and what came back, in pages', async () => {
  const { data } = await get(`/v1/coverage?scope=SIM&of=1d&limit=1000`)
  expect(data).toHaveLength(sessions.length - 1)
  expect(data[0]).toMatchObject({ scope: 'SIM', of: '1d', ...day(0), connector: 'gapsmarket', outcome: 'page' })
  const first = await get('/v1/coverage?of=1m&limit=5')
  const second = await get(first.links.next)
  expect((await get('/v1/coverage?of=1m&limit=10')).data).toEqual([...first.data, ...second.data])
})

test('a backfill asks for what is missing and for nothing else, and then nothing is missing', async () => {
  const { dayOfOne, minutesOfOne, hourOfTen, dayOfAll, zeros, failed } = planted
  const request = { exchange: 'SIM', start, first: 'oldest' }
  const plan = await backfill(request, true)
  expect(market.asked).toEqual([])
  expect(plan).toMatchObject({ gaps: 16, unreachable: 0 })
  expect(
    plan.crawls.map(({ plan: name, estimate }: { plan: string; estimate: { requests: number } }) => [
      name,
      estimate.requests,
    ]),
  ).toEqual([
    ['minutes', 12],
    ['days', 4],
  ])

  const { crawls } = await backfill(request)
  for (const { id } of crawls) await untilDone(id)
  const first = market.asked.splice(0)
  expect(
    first
      .filter(({ date }) => date !== undefined)
      .map(({ date }) => date)
      .sort(),
  ).toEqual([at(dayOfAll.place), typhoon, at(dayOfOne.place), at(zeros.place)].sort())
  const ranges = (params: typeof first) =>
    params
      .filter(({ instrument }) => instrument !== undefined)
      .map(({ instrument, interval, start: from, end: until }) => [instrument, interval, from, until].join(' '))
      .sort()
  expect(ranges(first)).toEqual(
    [
      ...hourOfTen.instruments.map((instrument) => `${instrument} 1m ${span(hourOfTen.place)}`),
      `${minutesOfOne.instrument} 1m ${span(minutesOfOne.place)}`,
      `${failed.instrument} 1m ${span(failed.place)}`,
    ].sort(),
  )

  // Now that the day of all is there, hours and minutes of it are expected of those that were traded; the typhoon is known.
  const traded = market.bars('1d').filter((bar) => dateOf(bar) === at(dayOfAll.place))
  const again = await backfill(request)
  for (const { id } of again.crawls) await untilDone(id)
  expect(ranges(market.asked.splice(0))).toEqual(
    traded
      .flatMap(({ instrument }) => ['1h', '1m'].map((interval) => `${instrument} ${interval} ${span(dayOfAll.place)}`))
      .sort(),
  )
  expect(await gaps()).toEqual([])
  expect(await backfill(request)).toEqual({ gaps: 0, crawls: [], unreachable: 0 })
  expect(market.asked).toEqual([])

  const calendar = await get(`/v1/calendar/SIM?start=${typhoon}&end=${dateAfter(typhoon)}&detail=true`)
  expect(calendar.data).toEqual([
    { date: typhoon, state: 'closed', told_by: 'upstream', open: null, close: null, half_day: false },
  ])
  for (const interval of keptIntervals) {
    const kept = await store.rows(
      `SELECT dictGet('instrument_names', 'instrument', toUInt64(instrument)) AS instrument, ts, open, high, low, close, volume, turnover, trades
       FROM (SELECT * FROM bars_${interval} FINAL) ORDER BY instrument, ts`,
    )
    expect(kept).toEqual(market.bars(interval))
  }
})

test('a day that was told as zeros is missing although its page spoke for it, and a backfill heals it', async () => {
  const spoilt = market.bars('1d').find((bar) => dateOf(bar) === at(4))
  const { instrument = '', ts = '' } = spoilt ?? {}
  const id = contents.catalog.instrument(instrument)?.id ?? -1
  await store.command(
    'DELETE FROM bars_1d WHERE instrument = {id:UInt32} AND ts = parseDateTimeBestEffort({ts:String})',
    {
      id,
      ts,
    },
  )
  market.spoils = (bar, interval) => interval === '1d' && bar.instrument === instrument && bar.ts === ts
  await run({ plan: 'days', windows: [day(4)] })
  expect(await gaps()).toEqual([`${instrument} 1d ${span(4)} zeros`])
  const { data } = await get(`/v1/coverage?of=1d&scope=${instrument}&start=${at(4)}&end=${dateAfter(at(4))}`)
  expect(data).toMatchObject([{ scope: instrument, start: at(4), outcome: 'zeros', connector: 'gapsmarket' }])

  // As long as the upstream says the same, it stays missing.
  const ask = async () => {
    const { crawls } = await backfill({ exchange: 'SIM', start })
    for (const { id: crawlId } of crawls) await untilDone(crawlId)
    return market.asked.splice(0)
  }
  market.asked.length = 0
  expect(await ask()).toEqual([{ date: at(4) }])
  expect(await gaps()).toEqual([`${instrument} 1d ${span(4)} zeros`])
  market.spoils = () => false
  expect(await ask()).toEqual([{ date: at(4) }])
  expect(await gaps()).toEqual([])
  expect(await ask()).toEqual([])
})
