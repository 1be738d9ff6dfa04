import { builtInExchanges, type CrawlPlan, type CrawlRequest, type Exchange, type Instrument } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseWindows, plansOfToday } from './backfill-plan.js'
import { type CrawlWindow, pageOf, windowTasks } from './backfill-tasks.js'
import { dateAfter, datesBetween } from './gaps-calendar.js'

const exchange = builtInExchanges.find(({ code }) => code === 'TWSE') as Exchange // it is built in
const instruments: readonly Instrument[] = Array.from({ length: 30 }, (_, index) => ({
  instrument: `TWSE:${1101 + index}`,
  exchange: 'TWSE',
  symbol: String(1101 + index),
  name: 'x',
  kind: 'stock',
  isin: null,
  listed: null,
  delisted: null,
}))
const isWeekday = (date: string) => ![0, 6].includes(new Date(date).getUTCDay())
/** Three months without a Wednesday in each. */
const closed = ['2026-04-15', '2026-05-20', '2026-06-17']
const dates = [...datesBetween('2026-04-01', '2026-07-01')].filter((date) => isWeekday(date) && !closed.includes(date))
const sessions = dates.map((date) => ({ date, openMinute: 540, closeMinute: 810 }))
const request: CrawlRequest = { instruments, start: '2026-04-01', end: '2026-07-01', options: {}, nowMs: 0 }

function plan(more: Partial<CrawlPlan> & Pick<CrawlPlan, 'tasks'>): CrawlPlan {
  return { title: '', of: '1d', exchanges: ['TWSE'], per: 'instrument', since: null, bytesPerPage: 1, ...more }
}

const task = (handler: string, params: Record<string, string>) => ({ connector: 'c', handler, params })
/** A page has a month of an instrument. */
const months = plan({
  *tasks({ instruments: some, start, end }) {
    for (const { instrument } of some) {
      for (const month of new Set([...datesBetween(start, end)].map((date) => date.slice(0, 7)))) {
        yield task('months', { instrument, month })
      }
    }
  },
})
/** A page has a day of all instruments. */
const days = plan({
  per: 'exchange',
  *tasks({ start, end }) {
    for (const date of datesBetween(start, end)) if (isWeekday(date)) yield task('days', { date })
  },
})
/** A page has a day of an instrument. */
const daysOfOne = plan({
  *tasks({ instruments: some, start, end }) {
    for (const { instrument } of some) {
      for (const date of datesBetween(start, end)) if (isWeekday(date)) yield task('daysOfOne', { instrument, date })
    }
  },
})
/** A page has all that is asked for of an instrument. */
const all = plan({
  *tasks({ instruments: some, start, end }) {
    for (const { instrument } of some) yield task('all', { instrument, start, end })
  },
})
const latest = plan({
  per: 'exchange',
  *tasks() {
    yield task('latest', { asked: 'today' })
  },
})

function pagesFor(wanted: readonly CrawlWindow[], crawls: Record<string, CrawlPlan>): string[] {
  const { planned } = chooseWindows({ exchange, interval: '1d', sessions }, wanted, crawls, request)
  return planned.flatMap(({ plan: name, windows }) => {
    const crawl = crawls[name]
    return crawl === undefined ? [] : windowTasks(crawl, request, windows, 'oldest').map(pageOf)
  })
}

const one = (instrument: string, start: string, end = dateAfter(start)) => ({ instrument, start, end })
const name = (index: number) => instruments[index]?.instrument ?? ''

describe('the plans that bring what is missing', () => {
  test('are pages of the exchange for what many miss, and of instruments for what one misses', () => {
    const shared = instruments.map(({ instrument }) => one(instrument, '2026-05-04'))
    const wanted = [...shared, one(name(0), '2026-04-01', '2026-07-01')]
    expect(pagesFor(wanted, { days, months }).sort()).toEqual([
      'days {"date":"2026-05-04"}',
      'months {"instrument":"TWSE:1101","month":"2026-04"}',
      'months {"instrument":"TWSE:1101","month":"2026-05"}',
      'months {"instrument":"TWSE:1101","month":"2026-06"}',
    ])
  })

  test('are a page a day for a session that nobody has', () => {
    expect(pagesFor([{ start: '2026-05-04', end: '2026-05-05' }], { months, days })).toEqual([
      'days {"date":"2026-05-04"}',
    ])
  })

  test('are asked instrument by instrument where there is nothing else', () => {
    expect(pagesFor([{ start: '2026-05-04', end: '2026-05-05' }], { months })).toHaveLength(instruments.length)
  })

  test('are not asked for weekdays on which the exchange was closed', () => {
    const pages = pagesFor([one(name(0), '2026-05-18', '2026-05-26')], { daysOfOne })
    expect(pages.map((page) => page.slice(-12, -2))).toEqual([
      '2026-05-18',
      '2026-05-19',
      '2026-05-21',
      '2026-05-22',
      '2026-05-25',
    ])
  })

  test('are one page where many pages would each hold nearly nothing', () => {
    const scattered = ['2026-04-03', '2026-04-10', '2026-05-08', '2026-06-05'].map((date) => one(name(0), date))
    expect(pagesFor(scattered, { all })).toEqual([
      'all {"instrument":"TWSE:1101","start":"2026-04-03","end":"2026-06-06"}',
    ])
    expect(pagesFor(scattered.slice(0, 3), { all })).toHaveLength(3)
  })

  test('may be pages of a whole year', () => {
    const years = plan({
      *tasks({ instruments: some, start }) {
        for (const { instrument } of some) yield task('years', { instrument, year: start.slice(0, 4) })
      },
    })
    expect(pagesFor([one(name(0), '2026-06-30')], { years })).toEqual([
      'years {"instrument":"TWSE:1101","year":"2026"}',
    ])
  })

  test('never are those that take no dates', () => {
    const choice = chooseWindows(
      { exchange, interval: '1d', sessions },
      [one(name(0), '2026-06-30')],
      { latest },
      request,
    )
    expect(choice).toEqual({ planned: [], unreached: [one(name(0), '2026-06-30')] })
  })

  test('hold every session that is missing, and of plans by the day nothing else', () => {
    const window = fc
      .tuple(fc.option(fc.nat(instruments.length - 1)), fc.nat(dates.length - 1), fc.integer({ min: 1, max: 30 }))
      .map(([index, from, length]): CrawlWindow => {
        const until = Math.min(dates.length, from + length)
        const window = { start: dates[from] ?? '', end: dateAfter(dates[until - 1] ?? '') }
        return index === null ? window : { instrument: name(index), ...window }
      })
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 12 }), (wanted) => {
        const cells = new Set(
          wanted.flatMap(({ instrument, start, end }) =>
            dates
              .filter((date) => date >= start && date < end)
              .flatMap((date) =>
                (instrument === undefined ? instruments.map((each) => each.instrument) : [instrument]).map(
                  (each) => `${each} ${date}`,
                ),
              ),
          ),
        )
        const brought = pagesFor(wanted, { daysOfOne }).map((page) => {
          const { instrument, date } = JSON.parse(page.slice(page.indexOf(' '))) as Record<string, string>
          return `${instrument} ${date}`
        })
        expect(brought.sort()).toEqual([...cells].sort())
        const byDay = new Set(pagesFor(wanted, { days, daysOfOne }).filter((page) => page.startsWith('days ')))
        for (const page of byDay) expect([...cells].some((cell) => page.includes(cell.slice(-10)))).toBe(true)
      }),
    )
  })
})

test('tasks come in the order of their dates, over all instruments', () => {
  const windows = [one(name(0), '2026-04-01', '2026-07-01'), one(name(1), '2026-05-01', '2026-06-01')]
  const monthsOf = (first: 'newest' | 'oldest') =>
    windowTasks(months, request, windows, first).map(({ params }) => params.month)
  expect(monthsOf('newest')).toEqual(['2026-06', '2026-05', '2026-05', '2026-04'])
  expect(monthsOf('oldest')).toEqual(['2026-04', '2026-05', '2026-05', '2026-06'])
})

test('for the session under way the plan is taken that is made for it, and any other where there is none', () => {
  const date = '2026-06-30'
  const soFar = plan({
    *tasks({ instruments: some, start, end }) {
      if (start <= date && date < end) for (const { instrument } of some) yield task('soFar', { instrument })
    },
  })
  const part = { exchange, interval: '1d', sessions: sessions.filter((session) => session.date === date) } as const
  expect(Object.keys(plansOfToday({ all, soFar, days }, part, request))).toEqual(['soFar'])
  expect(Object.keys(plansOfToday({ all, days }, part, request))).toEqual(['all', 'days'])
})
