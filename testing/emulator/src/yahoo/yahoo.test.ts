import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../start-emulator.js'
import type { YahooBar } from './yahoo-truth.js'

const evening = Date.parse('2026-11-20T20:00:00+08:00')
const saturday = Date.parse('2026-11-21T10:00:00+08:00')
let nowMs = saturday
let emulator: Emulator

beforeAll(async () => {
  emulator = await startEmulator({ seed: 2, now: () => nowMs, stocks: 30 })
})
beforeEach(() => {
  nowMs = saturday
})
afterAll(() => emulator.close())

interface Chart {
  readonly meta: Record<string, unknown>
  readonly timestamp?: number[]
  readonly events?: { dividends?: Record<string, { amount: number }>; splits?: Record<string, { splitRatio: string }> }
  readonly indicators: {
    readonly quote: [Partial<Record<'open' | 'high' | 'low' | 'close' | 'volume', (number | null)[]>>]
    readonly adjclose?: [{ adjclose?: (number | null)[] }]
  }
}

async function ask(symbol: string, query: string) {
  const response = await fetch(`${emulator.url('yahoo')}/v8/finance/chart/${symbol}?${query}`)
  // The shape is what these tests are about.
  const body = (await response.json()) as {
    chart: { result: Chart[] | null; error: { code: string; description: string } }
  }
  return { status: response.status, ...body.chart, chart: body.chart.result?.[0] }
}

/** Rows with a bar, prices rounded back from float32. */
function barsOf(chart: Chart | undefined): YahooBar[] {
  const quote = chart?.indicators.quote[0]
  return (chart?.timestamp ?? []).flatMap((second, row) => {
    const number = (column: (number | null)[] | undefined) => column?.[row] ?? Number.NaN
    const price = (column: (number | null)[] | undefined) => Math.round(number(column) * 10_000) / 10_000
    const bar = {
      tsMs: second * 1_000,
      open: price(quote?.open),
      high: price(quote?.high),
      low: price(quote?.low),
      close: price(quote?.close),
      volumeShares: number(quote?.volume),
    }
    return Number.isNaN(bar.close) ? [] : [bar]
  })
}
const seconds = (date: string) => Date.parse(`${date}T00:00:00+08:00`) / 1_000

describe('daily charts', () => {
  it('are what Yahoo can tell of the truth, float32 widened', async () => {
    const { chart } = await ask(
      '2409.TW',
      `interval=1d&period1=${seconds('2024-01-01')}&period2=${seconds('2025-01-01')}`,
    )
    const expected = emulator.yahooTruth.days('2409', '2024-01-01', '2025-01-01')
    expect(barsOf(chart)).toEqual(expected)
    expect(chart?.indicators.quote[0].close?.some((close) => close !== null && String(close).length > 8)).toBe(true)
    expect(chart?.indicators.adjclose?.[0].adjclose).toHaveLength(chart?.timestamp?.length ?? 0)
  })

  it('show a typhoon day and a halted day as a row of nulls', async () => {
    const typhoon = await ask(
      '2330.TW',
      `interval=1d&period1=${seconds('2024-10-31')}&period2=${seconds('2024-11-01')}`,
    )
    expect(typhoon.chart?.indicators.quote[0].close).toEqual([null])
    const halted = await ask('2303.TW', `interval=1d&period1=${seconds('2024-03-11')}&period2=${seconds('2024-03-13')}`)
    expect(halted.chart?.indicators.quote[0].volume).toEqual([null, null])
  })

  it('are adjusted for splits, and tell splits and dividends of the window where asked', async () => {
    const window = `interval=1d&period1=${seconds('2025-06-01')}&period2=${seconds('2025-10-01')}`
    const { chart } = await ask('0050.TW', `${window}&events=div%7Csplit`)
    expect(Object.values(chart?.events?.splits ?? {})).toMatchObject([{ splitRatio: '4:1' }])
    expect(Object.keys(chart?.events?.splits ?? {})).toEqual([String(seconds('2025-06-18') + 9 * 3_600)])
    expect(Object.values(chart?.events?.dividends ?? {}).map(({ amount }) => amount)).toEqual(
      emulator.truth.dividends('0050', '2025-06-01', '2025-10-01').map(({ amount }) => amount),
    )
    const [first] = barsOf(chart)
    const truth = emulator.truth.days('0050', '2025-06-02', '2025-06-03')[0]
    expect(first?.close).toBeCloseTo((truth?.close ?? 0) / 4, 4)
    expect(first?.volumeShares).toBe((truth?.volumeShares ?? 0) * 4)
    expect((await ask('0050.TW', window)).chart).not.toHaveProperty('events')
  })

  it('show today twice: without a close, and off the grid with one', async () => {
    nowMs = evening
    const { chart } = await ask('2330.TW', 'interval=1d&range=5d')
    expect(chart?.timestamp?.slice(-2)).toEqual([seconds('2026-11-20') + 32_400, seconds('2026-11-20') + 48_601])
    const close = emulator.truth.day('2330', '2026-11-20')?.close
    expect(chart?.indicators.quote[0].close?.slice(-2)).toEqual([null, close])
    expect(chart?.indicators.quote[0].volume?.at(-1)).toBe(chart?.indicators.quote[0].volume?.at(-2))
  })

  it('grow coarse without a word where all is asked', async () => {
    expect((await ask('2330.TW', 'interval=1m&range=max')).chart?.meta).toMatchObject({
      dataGranularity: '1mo',
      range: 'max',
    })
  })

  it.each(['5d', '1wk', '1mo', '3mo'])('of %s sum up the same trading', async (interval) => {
    const window = `period1=${seconds('2024-01-01')}&period2=${seconds('2024-07-01')}`
    const volume = async (one: string) =>
      barsOf((await ask('2330.TW', `interval=${one}&${window}`)).chart).reduce((sum, bar) => sum + bar.volumeShares, 0)
    expect(await volume(interval)).toBe(await volume('1d'))
  })
})

it('charts of the other exchange are those of its securities, funds included', async () => {
  nowMs = evening
  const { market } = emulator.tpexTruth
  for (const symbol of ['6488', '006201']) {
    const { chart } = await ask(
      `${symbol}.TWO`,
      `interval=1m&period1=${seconds('2026-11-19')}&period2=${seconds('2026-11-20')}`,
    )
    expect(chart?.meta).toMatchObject({ symbol: `${symbol}.TWO`, exchangeName: 'TWO' })
    const truth = market.minutes(symbol, '2026-11-19').filter(({ minute }) => minute < '13:25')
    const told = barsOf(chart).filter(({ tsMs }) => tsMs < Date.parse('2026-11-19T13:25:00+08:00'))
    expect(told.map(({ tsMs, close }) => [tsMs, close])).toEqual(truth.map(({ tsMs, close }) => [tsMs, close]))
  }
  expect((await ask('006201.TW', 'interval=1d&range=5d')).chart).toBeUndefined()
})

describe('charts within the day', () => {
  it.each([
    ['1m', 1],
    ['2m', 2],
    ['5m', 5],
    ['15m', 15],
    ['30m', 30],
    ['60m', 60],
    ['90m', 90],
    ['1h', 60],
    ['4h', 240],
  ])('of %s are what Yahoo can tell of the truth, the first bar without volume', async (interval, minutes) => {
    const { chart } = await ask(
      '1103.TW',
      `interval=${interval}&period1=${seconds('2026-11-16')}&period2=${seconds('2026-11-20')}`,
    )
    const dates = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19']
    const expected = dates.flatMap((date) => emulator.yahooTruth.bars('1103', date, minutes))
    expect(barsOf(chart)).toEqual(expected)
    for (const bar of expected)
      if ((bar.tsMs / 1_000 - 32_400 + 28_800) % 86_400 === 0) expect(bar.volumeShares).toBe(0)
    expect(chart?.meta).toMatchObject({ scale: 3, dataGranularity: interval })
    expect(chart?.meta.tradingPeriods).toHaveLength(4)
    expect(chart?.indicators).not.toHaveProperty('adjclose')
  })

  it('have nulls for minutes without a trade', async () => {
    const { chart } = await ask(
      '1103.TW',
      `interval=1m&period1=${seconds('2026-11-19')}&period2=${seconds('2026-11-20')}`,
    )
    const closes = chart?.indicators.quote[0].close ?? []
    expect(closes.length).toBeGreaterThanOrEqual(265)
    expect(closes.filter((close) => close === null).length).toBeGreaterThan(20)
  })

  it('lack the closing auction on some days and show it at 13:25 on others', () => {
    const dates = emulator.truth.calendar.sessions('2026-10-01', '2026-11-20')
    const places = dates.map((date) => emulator.yahooTruth.closingAuction('2330', date))
    expect(new Set(places)).toEqual(new Set(['missing', 'at 13:25']))
    const shown = dates[places.indexOf('at 13:25')] ?? ''
    const last = emulator.yahooTruth.bars('2330', shown, 5).at(-1)
    expect(last?.tsMs).toBe(Date.parse(`${shown}T13:25:00+08:00`))
    expect(last?.volumeShares).toBe(emulator.truth.minutes('2330', shown).at(-1)?.volumeShares)
  })

  it('are twenty minutes late today, and end with the last trade off the grid', async () => {
    nowMs = Date.parse('2026-11-20T10:00:30+08:00')
    const { chart } = await ask('2330.TW', 'interval=1m&range=1d')
    const [last, before] = chart?.timestamp?.toReversed() ?? []
    expect((last ?? 0) % 60).not.toBe(0)
    expect(before).toBe(Date.parse('2026-11-20T09:39:00+08:00') / 1_000)
  })

  it('are empty of stamps where the window has no session', async () => {
    const { chart, status } = await ask(
      '2330.TW',
      `interval=1m&period1=${seconds('2026-11-14')}&period2=${seconds('2026-11-15')}`,
    )
    expect(status).toBe(200)
    expect(chart).not.toHaveProperty('timestamp')
    expect(chart?.meta).not.toHaveProperty('tradingPeriods')
    expect(chart?.indicators).toEqual({ quote: [{}] })
  })
})

describe('errors', () => {
  const day = 86_400
  const nowSeconds = saturday / 1_000
  it.each([
    ['9999.TW', 'interval=1d', 404, 'No data found, symbol may be delisted'],
    ['2311.TW', 'interval=1d', 404, 'No data found, symbol may be delisted'],
    ['AAPL', 'interval=1d', 404, 'No data found, symbol may be delisted'],
    [
      '2330.TW',
      `interval=1m&period1=${nowSeconds - 9 * day}&period2=${nowSeconds}`,
      422,
      'Only 8 days worth of 1m granularity',
    ],
    [
      '2330.TW',
      `interval=1m&period1=${nowSeconds - 31 * day}&period2=${nowSeconds - 30 * day}`,
      422,
      'within the last 30 days.',
    ],
    ['2330.TW', 'interval=5m&range=3mo', 422, 'within the last 60 days.'],
    ['2330.TW', 'interval=1h&range=5y', 422, 'within the last 730 days.'],
    ['2330.TW', 'interval=7m', 422, 'interval=7m is not supported'],
    ['2330.TW', 'interval=1d&range=soon', 422, 'range=soon is not supported'],
    ['2330.TW', 'period1=0&period2=86400', 400, "Data doesn't exist for startDate = 0, endDate = 86400"],
    ['2330.TW', 'period1=86400&period2=0', 400, 'start date cannot be after end date'],
  ])('%s?%s is %i', async (symbol, query, status, description) => {
    const answer = await ask(symbol, query)
    expect(answer.status).toBe(status)
    expect(answer.result).toBeNull()
    expect(answer.error.description).toContain(description)
  })
})

describe('search', () => {
  it('finds by code and by name, and needs a question', async () => {
    const search = async (q: string) =>
      (await fetch(`${emulator.url('yahoo')}/v1/finance/search?q=${encodeURIComponent(q)}`)).json()
    expect(await search('2330')).toMatchObject({ count: 1, quotes: [{ symbol: '2330.TW', exchange: 'TAI' }], news: [] })
    expect(await search('元大')).toMatchObject({ quotes: [{ quoteType: 'ETF' }, {}] })
    expect(await search('')).toMatchObject({ finance: { result: null, error: { code: 'Bad Request' } } })
  })
})
