import { isAbsence, type Page, type Task } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { simulated } from './connector.js'
import { simulateBars, simulatedInstruments, simulatedSessionDates } from './index.js'
import { createMarketWalks } from './market-walk.js'

const now = '2026-11-20T05:29:00Z'
const instruments = simulatedInstruments(1)

function contextAt(at: string, seed = 1) {
  const local = { setting: () => seed, exchanges: [], kept: async () => new Map() }
  return { ...fakeContext({ now: at }), local }
}

function tasksOf(plan: string, start: string, end: string, names: readonly string[], at = now): Task[] {
  const wanted = instruments.filter(({ instrument }) => names.includes(instrument))
  const request = { instruments: wanted, start, end, options: {}, nowMs: Date.parse(at) }
  return [...(simulated.crawls[plan]?.tasks(request) ?? [])]
}

async function run(task: Task, at = now, seed = 1) {
  const result = await simulated.handlers[task.handler]?.(task, contextAt(at, seed))
  if (result === undefined) throw new Error(`no handler ${task.handler}`)
  return result.data
}

async function pageOf(task: Task, at = now, seed = 1): Promise<Page> {
  const data = await run(task, at, seed)
  if (isAbsence(data)) throw new Error(data.absence)
  return data
}

const barsTask = (instrument: string, interval: '1m' | '1h' | '1d', period: string) => ({
  connector: 'simulated',
  handler: 'bars',
  params: { instrument, interval, period },
})

describe('the simulated exchange as an upstream', () => {
  it('plans a page for each instrument and month or year', () => {
    const periods = (plan: string) =>
      tasksOf(plan, '2025-12-15', '2026-02-02', ['SIM:1001']).map(({ params }) => params.period)
    expect(periods('minute-bars')).toEqual(['2025-12', '2026-01', '2026-02'])
    expect(periods('hour-bars')).toEqual(['2025', '2026'])
    expect(periods('daily-bars')).toEqual(['2025', '2026'])
  })

  it('asks for nothing before the market, before a listing or after today', () => {
    const periods = tasksOf('minute-bars', '1990-01-01', '2100-01-01', ['SIM:1001']).map(({ params }) => params.period)
    expect([periods[0], periods.at(-1), periods.length]).toEqual(['2024-11', '2026-11', 25])
    const [first] = tasksOf('minute-bars', '1990-01-01', '2100-01-01', ['SIM:1020'])
    expect(first?.params.period).toBe('2025-11')
  })

  it.each(['1m', '1h', '1d'] as const)('has the %s bars of the demonstration, page after page', async (interval) => {
    const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 2 })
    const [instrument] = instruments
    if (instrument === undefined) throw new Error('no instrument')
    const expected = [...simulateBars({ seed: 1, instrument, sessionDates })]
      .filter(({ date }) => date >= '2026-01-01' && date < '2026-03-01')
      .flatMap(
        ({ minutes, hours, day }) => ({ '1m': minutes, '1h': hours, '1d': day === undefined ? [] : [day] })[interval],
      )
    const bars = []
    for (const period of interval === '1m' ? ['2026-01', '2026-02'] : ['2026']) {
      const page = await pageOf(barsTask('SIM:1001', interval, period))
      bars.push(...(page.bars?.[0]?.bars ?? []))
    }
    const told = bars
      .filter(({ ts }) => ts < '2026-03-01')
      .map(({ instrument: _, ts, ...bar }) => ({ tsMs: Date.parse(ts), ...bar }))
    expect(told).toEqual(expected)
    expect(told.length).toBeGreaterThan(30)
  })

  it('speaks for closed sessions only, and a page of later has the same bars and more', async () => {
    const task = barsTask('SIM:1001', '1d', '2026')
    const before = await pageOf(task)
    expect(before.covers).toEqual([{ scope: 'SIM:1001', of: '1d', start: '2026-01-01', end: '2026-11-20' }])
    const after = await pageOf(task, '2026-11-20T05:30:00Z')
    expect(after.covers).toEqual([{ scope: 'SIM:1001', of: '1d', start: '2026-01-01', end: '2026-11-21' }])
    const [some = [], more = []] = [before, after].map((page) => page.bars?.[0]?.bars)
    expect(more.slice(0, -1)).toEqual(some)
    expect(more.at(-1)?.ts).toBe('2026-11-20T01:00:00Z')
  })

  it('is the same whenever it is asked, also before its first typhoon', async () => {
    const task = barsTask('SIM:1001', '1d', '2024')
    const page = await pageOf(task)
    expect(await pageOf(task, '2025-01-02T00:00:00Z')).toEqual(page)
    expect((await pageOf(task, now, 2)).bars).not.toEqual(page.bars)
  })

  it('has the same bars in whatever order pages are asked for, and all at once', async () => {
    const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 2 })
    const pages = simulatedInstruments(1)
      .slice(11, 13)
      .flatMap((instrument) => [
        ...['2025-06', '2025-01', '2025-07', '2025-01'].map(
          (month) => ({ instrument, interval: '1m', month }) as const,
        ),
        ...(['1h', '1d', '1h'] as const).map((interval) => ({ instrument, interval, month: '2025-03' })),
      ])
      .map(({ month, ...page }) => ({ seed: 1, sessionDates, ...page, start: `${month}-01`, end: `${month}-32` }))
    const alone = await Promise.all(pages.map((page) => createMarketWalks()(page)))
    const shared = createMarketWalks()
    expect(await Promise.all(pages.map((page) => shared(page)))).toEqual(alone)
    expect(alone.every((bars) => bars.length > 10)).toBe(true)
  })

  it('tells splits with the days', async () => {
    const pages = await Promise.all(['2025', '2026'].map((year) => pageOf(barsTask('SIM:1017', '1d', year))))
    const splits = pages.flatMap(({ adjustments = [] }) => adjustments).filter(({ kind }) => kind === 'split')
    expect(splits).toEqual([{ instrument: 'SIM:1017', date: expect.any(String), kind: 'split', value: 4 }])
  })

  it.each([
    ['not-listed', 'SIM:9999', '2026-01', '2026-02-01'],
    ['not-listed', 'SIM:1020', '2025-10', '2025-11-01'],
    ['before-history', 'SIM:1001', '2024-10', '2024-11-01'],
  ])('an absence is %s for %s in %s, and is covered', async (absence, instrument, period, end) => {
    const covers = [{ scope: instrument, of: '1m', start: `${period}-01`, end }]
    expect(await run(barsTask(instrument, '1m', period))).toEqual({ absence, covers })
  })

  it('has nothing yet of a month to come, and covers nothing of it', async () => {
    expect(await run(barsTask('SIM:1001', '1m', '2026-12'))).toEqual({ absence: 'not-yet', covers: [] })
  })

  it('lists its instruments, and holidays without the typhoon', async () => {
    const [listing] = tasksOf('instruments', '2026-01-01', '2027-01-01', [])
    const [schedule, ...later] = tasksOf('holidays', '2026-01-01', '2030-01-01', [])
    if (listing === undefined || schedule === undefined) throw new Error('a plan without tasks')
    expect(later).toEqual([])
    expect((await pageOf(listing)).instruments).toEqual(instruments)
    const { rows, covers } = await pageOf(schedule)
    expect(rows?.[0]?.rows).toContainEqual({ date: '2026-10-10', name: 'National Day', open: false })
    expect(covers).toEqual([{ scope: 'SIM', of: 'sim_holidays', start: '2026-01-01', end: '2027-01-01' }])
  })
})
