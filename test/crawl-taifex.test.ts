import type { FaultKind, TaifexDay } from '@barkeep/emulator'
import { faultKinds } from '@barkeep/emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type CrawlRig, startCrawlRig } from './crawl-rig.js'

const DAY_MS = 86_400_000
const dateAt = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const dayAfter = (date: string, days = 1) => dateAt(Date.parse(date) + days * DAY_MS)
const startedMs = Date.now()

const nameOf = ({ contract: { product, month, strike, right } }: TaifexDay) =>
  `TAIFEX:${product}${month}${strike === undefined ? '' : `${right === 'call' ? 'C' : 'P'}${strike}`}`

function sessionsOf({ emulator }: CrawlRig, start: string, end: string): readonly string[] {
  return emulator.truth.calendar.sessions(start, end)
}

/** Bars of the day session of single contracts that were traded. */
function dayBarsOf({ emulator: { taifexTruth } }: CrawlRig, dates: readonly string[]): Map<string, number[]> {
  const bars = new Map<string, number[]>()
  for (const date of dates) {
    for (const day of [...taifexTruth.futures(date), ...taifexTruth.options(date)]) {
      const { open, high, low, close, lots, session, contract } = day
      if (open === null || high === null || low === null || close === null) continue
      if (session === 'night' || contract.kind === 'spread') continue
      bars.set(`${nameOf(day)} ${date}T00:45:00Z`, [open, high, low, close, lots])
    }
  }
  return bars
}

function minuteBarsOf({ emulator: { taifexTruth } }: CrawlRig, dates: readonly string[]): Map<string, number[]> {
  const minutes = dates.flatMap((date) => taifexTruth.minutes(date))
  return new Map(
    minutes.map(({ symbol, tsMs, open, high, low, close, lots }) => [
      `TAIFEX:${symbol} ${new Date(tsMs).toISOString().replace('.000', '')}`,
      [open, high, low, close, lots],
    ]),
  )
}

/** In no order: as objects they are told apart by what differs. */
const asObject = (bars: ReadonlyMap<string, readonly number[]>) => Object.fromEntries(bars)

describe('the futures exchange, within its limits', () => {
  let rig: CrawlRig
  beforeAll(async () => {
    rig = await startCrawlRig('taifex', { limits: 'real' })
  })
  afterAll(() => rig.close())

  const weeks = { start: '2024-02-05', end: '2024-02-17' }

  test('days of futures and options are what the exchange has, each once, and a holiday is one', async () => {
    const { tasks } = await rig.crawl({ plan: 'market-days', options: { options: 'yes' }, ...weeks })
    const dates = sessionsOf(rig, weeks.start, weeks.end)
    // The other seven weekdays are those of the lunar new year, which answer with a header alone.
    expect([dates.length, tasks]).toMatchObject([3, { done: 10 + dates.length, dead: 0 }])
    expect(asObject(await rig.bars('1d', weeks))).toEqual(asObject(dayBarsOf(rig, dates)))
    const paths = rig.emulator.arrivals('taifex').map(({ path }) => path)
    expect([new Set(paths).size, rig.emulator.violations('taifex')]).toEqual([paths.length, []])
  })

  test('rows tell the night, settlement and open interest of the same days', async () => {
    const { taifexTruth } = rig.emulator
    const dates = sessionsOf(rig, weeks.start, weeks.end)
    const told = dates.flatMap((date) =>
      [...taifexTruth.futures(date), ...taifexTruth.options(date)].map((day) => [
        `${date} ${nameOf(day)} ${day.session}`,
        [day.open, day.close, day.lots, day.settlement, day.openInterest],
      ]),
    )
    const rows = await rig.rows('taifex_days')
    const kept = rows.map((row) => [
      `${row.date} ${row.instrument} ${row.session}`,
      [row.open, row.close, row.volume, row.settlement, row.open_interest],
    ])
    expect(kept).toHaveLength(told.length)
    expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(told))
    expect(rows.some(({ session }) => session === 'night')).toBe(true)
  })

  test('minutes are the matches of day and night, and the night of a Friday makes no session of a Saturday', async () => {
    const window = { start: dateAt(startedMs - 16 * DAY_MS), end: dateAt(startedMs - 2 * DAY_MS) }
    const { tasks } = await rig.crawl({ plan: 'minute-bars', ...window })
    expect(tasks.dead).toBe(0)
    const dates = sessionsOf(rig, window.start, window.end)
    const truth = minuteBarsOf(rig, dates)
    // The night of the first date lies before the window of calendar days.
    const kept = await rig.bars('1m', { start: dayAfter(window.start, -10), end: dayAfter(window.end, 2) })
    expect(asObject(kept)).toEqual(asObject(truth))
    const saturdays = [...kept.keys()].filter((key) => {
      const [, ts = ''] = key.split(' ')
      return new Date(Date.parse(ts) + 8 * 3_600_000).getUTCDay() === 6
    })
    expect(saturdays.length).toBeGreaterThan(100)
    const calendar = await fetch(`${rig.server.url}/v1/calendar/TAIFEX?start=${window.start}&end=${window.end}`)
    expect((await calendar.json()).data).toEqual(dates)
    expect(rig.emulator.violations('taifex')).toEqual([])
    // What an upstream spoke for is no gap, and a morning after a night is no session that others lack.
    const asked = `exchange=TAIFEX&interval=1m&start=${window.start}&end=${window.end}&limit=1000`
    const gaps = await (await fetch(`${rig.server.url}/v1/gaps?${asked}`)).json()
    const asleep: { start: string; reason: string }[] = gaps.data
    const missing = asleep.filter(({ reason }) => !['no-trade', 'halted', 'not-listed'].includes(reason))
    expect(missing.filter(({ start }) => dates.includes(start.slice(0, 10)))).toEqual([])
    expect(missing.filter(({ start }) => new Date(start).getUTCDay() % 6 === 0)).toEqual([])
    const again = await fetch(`${rig.server.url}/v1/connectors/taifex/reparse`, { method: 'POST' })
    const pages = rig.emulator.arrivals('taifex').length
    expect((await again.json()).data).toMatchObject({ tasks: pages, failed: 0, failures: [] })
    expect(rig.emulator.arrivals('taifex')).toHaveLength(pages)
    // Longer bars are made of the regular session alone.
    const hours = await fetch(
      `${rig.server.url}/v1/bars?interval=30m&start=${window.start}&end=${window.end}&limit=50000&columns=ts`,
    )
    const starts: { ts: string }[] = (await hours.json()).data
    const clocks = starts.map(({ ts }) => ts.slice(11, 16))
    expect([clocks.length > 100, clocks.every((clock) => clock >= '00:45' && clock < '05:45')]).toEqual([true, true])
  })
})

describe('a page of the futures exchange that is struck once', () => {
  let rig: CrawlRig
  beforeAll(async () => {
    // The back-off is drawn from it: nothing is waited for.
    vi.spyOn(Math, 'random').mockReturnValue(0)
    rig = await startCrawlRig('taifex', {
      limits: 'none',
      settings: { 'crawl.restMs': '1', 'crawl.failuresMax': '1000', 'crawl.attemptsMax': '2' },
      emulator: { now: () => startedMs },
    })
  })
  afterEach(() => rig.emulator.faults.clear())
  afterAll(async () => {
    vi.restoreAllMocks()
    await rig.close()
  })

  const again: readonly FaultKind[] = ['cut', 'drop', 'empty', 'status', 'html', 'charset']
  // A captcha is a ban, for which the whole connector waits an hour; the handler's test has it.
  const kinds = faultKinds.filter((kind) => kind !== 'captcha')

  test.each(kinds)('by %s keeps the truth and nothing else', async (kind) => {
    const number = kinds.indexOf(kind)
    const date = sessionsOf(rig, '2024-03-01', '2024-06-01')[number] ?? ''
    const recent = sessionsOf(rig, dateAt(startedMs - 30 * DAY_MS), dateAt(startedMs - 3 * DAY_MS))[number] ?? ''
    const asks = [
      new RegExp(`futDataDown.*${date.replaceAll('-', '%2F')}`),
      new RegExp(`optDataDown.*${date.replaceAll('-', '%2F')}`),
      new RegExp(`Daily_${recent.replaceAll('-', '_')}`),
    ]
    // Matches have no number, so that a line that is there twice cannot be told from two matches.
    const struck = kind === 'duplicate-rows' ? asks.slice(0, 2) : asks
    for (const match of struck) {
      rig.emulator.faults.set('taifex', { kind, match, times: 1, bytes: 20_000, pauseMs: 1, skewMs: -DAY_MS })
    }
    const before = rig.emulator.arrivals('taifex').length
    const days = { plan: 'market-days', options: { options: 'yes' }, start: date, end: dayAfter(date) }
    const minutes = { plan: 'minute-bars', start: recent, end: dayAfter(recent) }
    const dead = [(await rig.crawl(days)).tasks.dead, (await rig.crawl(minutes)).tasks.dead]
    expect(dead).toEqual([0, 0])
    const requests = rig.emulator.arrivals('taifex').slice(before)
    const counts = asks.map((match) => requests.filter(({ path }) => match.test(path)).length)
    expect(counts).toEqual(asks.map(() => (again.includes(kind) ? 2 : 1)))
    expect(requests.filter(({ fault }) => fault === kind)).toHaveLength(struck.length)
    expect(asObject(await rig.bars('1d', { start: date, end: dayAfter(date) }))).toEqual(
      asObject(dayBarsOf(rig, [date])),
    )
    const truth = minuteBarsOf(rig, [recent])
    const kept = await rig.bars('1m', { start: dayAfter(recent, -12), end: dayAfter(recent, 2) })
    expect([...truth].filter(([key, figures]) => String(kept.get(key)) !== String(figures))).toEqual([])
    const covered = (await (await fetch(`${rig.server.url}/v1/coverage?limit=1000`)).json()).data
    const places = covered.map((row: { scope: string; of: string; start: string }) => [row.scope, row.of, row.start])
    expect(places).toEqual(
      expect.arrayContaining([
        ['TAIFEX', '1d', date],
        ['TAIFEX', '1m', recent],
      ]),
    )
  })
})
