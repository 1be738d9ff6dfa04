import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { FIRST_DATE } from '../market/calendar.js'
import type { Listing } from '../market/listings.js'
import { addDays, CLOSE_MINUTE, instantOf, OPEN_MINUTE, taipeiDate } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { tpexTruthOf } from '../tpex/tpex-truth.js'
import { barSoFar, type ChartRow, chartRows, DELAY_MS, lastTradeMs } from './chart-rows.js'
import { type ChartWindow, chartError, chartWindow, isAnswer, minutesOf, validRanges } from './chart-window.js'
import { createYahooTruth, splitRatioAfter, type YahooTruth } from './yahoo-truth.js'

/** Bars of one instrument at any interval; the suffixes `.TW` and `.TWO` are played. */
export const chart: Route = { path: /^\/v8\/finance\/chart\/([^/]+)$/, answer: answerChart }

/** By the suffix of its symbols: what Yahoo calls an exchange. */
const exchanges = {
  TW: { exchangeName: 'TAI', fullExchangeName: 'Taiwan' },
  TWO: { exchangeName: 'TWO', fullExchangeName: 'Taipei Exchange' },
} as const

interface Chart {
  readonly suffix: keyof typeof exchanges
  /** Of its exchange. */
  readonly truth: Truth
  readonly yahoo: YahooTruth
  readonly listing: Listing
  readonly window: ChartWindow
  readonly nowMs: number
}

function answerChart({ captures, query, truth: taiwan, nowMs }: RouteRequest): Answer {
  const [, symbol = '', ending = ''] = /^(\w+)\.TW(O?)$/i.exec(captures[0] ?? '') ?? []
  const suffix = ending === '' ? 'TW' : 'TWO'
  const truth = suffix === 'TW' ? taiwan : tpexTruthOf(taiwan).market
  const listing = truth.listing(symbol)
  const today = taipeiDate(nowMs)
  if (listing === undefined || listing.listed > today || (listing.delisted !== null && listing.delisted <= today)) {
    return chartError(404, 'No data found, symbol may be delisted')
  }
  const window = chartWindow(query, truth, nowMs)
  if (isAnswer(window)) return window
  if (window.endMs <= firstTradeMs(truth, listing)) {
    const [start, end] = [window.startMs, window.endMs].map((ms) => Math.floor(ms / 1_000))
    return chartError(400, `Data doesn't exist for startDate = ${start}, endDate = ${end}`)
  }
  const yahoo = createYahooTruth(truth)
  const asked = { suffix, truth, yahoo, listing, window, nowMs } as const
  const rows = chartRows({ truth, yahoo, symbol, window, nowMs })
  const intraday = minutesOf(window.interval) !== undefined
  const result = {
    meta: metaOf(asked, rows, query.get('includePrePost') === 'true'),
    ...(rows.length > 0 && { timestamp: rows.map(({ atSeconds }) => atSeconds) }),
    ...eventsOf(asked, query.get('events') ?? ''),
    indicators: {
      quote: [rows.length === 0 ? {} : quoteOf(rows)],
      ...(!intraday && { adjclose: [rows.length === 0 ? {} : { adjclose: adjustedCloses(asked, rows) }] }),
    },
  }
  return jsonAnswer({ chart: { result: [result], error: null } }, { headers: healthyHeaders })
}

/** What a healthy answer carries. */
export const healthyHeaders = {
  server: 'ATS',
  'cache-control': 'public, max-age=10, stale-while-revalidate=20',
  vary: 'Origin,Accept-Encoding',
}

/** Prices leave as float32 written out in full. */
function quoteOf(rows: readonly ChartRow[]) {
  return {
    open: rows.map(({ bar }) => widened(bar?.open)),
    low: rows.map(({ bar }) => widened(bar?.low)),
    close: rows.map(({ bar, closeMissing }) => (closeMissing === true ? null : widened(bar?.close))),
    high: rows.map(({ bar }) => widened(bar?.high)),
    volume: rows.map(({ bar }) => bar?.volumeShares ?? null),
  }
}

function widened(price: number | undefined): number | null {
  return price === undefined ? null : Math.fround(price)
}

/** Closes less every dividend that went off later, in proportion to the close before it. */
function adjustedCloses({ truth, yahoo, listing, nowMs }: Chart, rows: readonly ChartRow[]): (number | null)[] {
  const { symbol } = listing
  const first = taipeiDate((rows[0]?.atSeconds ?? 0) * 1_000)
  const dividends = truth.dividends(symbol, first, addDays(taipeiDate(nowMs), 1)).map(({ date, amount }) => {
    const before = yahoo.days(symbol, addDays(date, -30), date).at(-1)?.close ?? Number.POSITIVE_INFINITY
    return { date, factor: 1 - amount / splitRatioAfter(truth, symbol, date) / before }
  })
  return rows.map(({ atSeconds, bar, closeMissing }) => {
    if (bar === undefined || closeMissing === true) return null
    const date = taipeiDate(atSeconds * 1_000)
    const factor = dividends.reduce((product, one) => (one.date > date ? product * one.factor : product), 1)
    return Math.fround(bar.close * factor)
  })
}

/** Keyed by the second of the session open of their date. */
function eventsOf({ truth, listing: { symbol }, window, nowMs }: Chart, asked: string) {
  const inWindow = (date: string) => {
    const ms = instantOf(date, OPEN_MINUTE)
    return ms >= window.startMs && ms < window.endMs && ms <= nowMs
  }
  const second = (date: string) => instantOf(date, OPEN_MINUTE) / 1_000
  const dividends = asked.includes('div')
    ? truth.dividends(symbol, taipeiDate(window.startMs), addDays(taipeiDate(Math.min(nowMs, window.endMs)), 1))
    : []
  const splits = asked.includes('split') ? truth.splits(symbol) : []
  const events = {
    ...named(
      'dividends',
      dividends
        .filter(({ date }) => inWindow(date))
        .map(({ date, amount }) => ({ amount: amount / splitRatioAfter(truth, symbol, date), date: second(date) })),
    ),
    ...named(
      'splits',
      splits
        .filter(({ date }) => inWindow(date))
        .map(({ date, ratio }) => ({ date: second(date), numerator: ratio, denominator: 1, splitRatio: `${ratio}:1` })),
    ),
  }
  return Object.keys(events).length === 0 ? {} : { events }
}

function named<Event extends { readonly date: number }>(name: string, events: readonly Event[]) {
  return events.length === 0 ? {} : { [name]: Object.fromEntries(events.map((event) => [String(event.date), event])) }
}

function metaOf(asked: Chart, rows: readonly ChartRow[], prePost: boolean) {
  const { suffix, truth, yahoo, listing, window, nowMs } = asked
  const { symbol } = listing
  const shownMs = nowMs - DELAY_MS
  const session = truth.calendar.sessions(FIRST_DATE, addDays(taipeiDate(shownMs), 1)).at(-1) ?? FIRST_DATE
  const today = taipeiDate(nowMs)
  const soFar = session === today ? barSoFar({ truth, symbol, nowMs }, today) : undefined
  const closed = yahoo.days(symbol, addDays(session, -365), session < today ? addDays(session, 1) : today)
  const year = soFar === undefined ? closed : [...closed, soFar]
  const last = year.at(-1)
  const intraday = minutesOf(window.interval) !== undefined
  const firstMs = (rows[0]?.atSeconds ?? window.startMs / 1_000) * 1_000
  const before = yahoo.days(symbol, addDays(taipeiDate(firstMs), -60), taipeiDate(firstMs)).at(-1)?.close ?? 0
  const dates = [...new Set(rows.map(({ atSeconds }) => taipeiDate(atSeconds * 1_000)))]
  const regular = dates.map((date) => [periodOf(date, OPEN_MINUTE, CLOSE_MINUTE)])
  const tradingPeriods = prePost
    ? {
        pre: dates.map((date) => [periodOf(date, OPEN_MINUTE, OPEN_MINUTE)]),
        regular,
        post: dates.map((date) => [periodOf(date, CLOSE_MINUTE, CLOSE_MINUTE)]),
      }
    : regular
  return {
    currency: 'TWD',
    symbol: `${symbol}.${suffix}`,
    ...exchanges[suffix],
    instrumentType: listing.kind === 'etf' ? 'ETF' : 'EQUITY',
    firstTradeDate: firstTradeMs(truth, listing) / 1_000,
    regularMarketTime: Math.floor(
      (lastTradeMs(truth, symbol, nowMs) ?? instantOf(session, CLOSE_MINUTE) + 1_000) / 1_000,
    ),
    hasPrePostMarketData: false,
    gmtoffset: 28_800,
    timezone: 'CST',
    exchangeTimezoneName: 'Asia/Taipei',
    regularMarketPrice: last?.close,
    fiftyTwoWeekHigh: Math.max(...year.map(({ high }) => high)),
    fiftyTwoWeekLow: Math.min(...year.map(({ low }) => low)),
    regularMarketDayHigh: last?.high,
    regularMarketDayLow: last?.low,
    regularMarketVolume: last?.volumeShares,
    longName: listing.name,
    shortName: listing.name,
    chartPreviousClose: before,
    ...(intraday && { previousClose: before, scale: 3 }),
    priceHint: 2,
    currentTradingPeriod: {
      pre: periodOf(session, OPEN_MINUTE, OPEN_MINUTE),
      regular: periodOf(session, OPEN_MINUTE, CLOSE_MINUTE),
      post: periodOf(session, CLOSE_MINUTE, CLOSE_MINUTE),
    },
    ...(intraday && rows.length > 0 && { tradingPeriods }),
    dataGranularity: window.interval,
    range: window.range,
    validRanges,
  }
}

function periodOf(date: string, startMinute: number, endMinute: number) {
  const second = (minute: number) => instantOf(date, minute) / 1_000
  return { timezone: 'CST', start: second(startMinute), end: second(endMinute), gmtoffset: 28_800 }
}

function firstTradeMs(truth: Truth, { listed }: Listing): number {
  const first = truth.calendar.sessions(listed > FIRST_DATE ? listed : FIRST_DATE, addDays(listed, 60_000))[0]
  return instantOf(first ?? listed, OPEN_MINUTE)
}
