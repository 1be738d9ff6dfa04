import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readDailyRows } from '../taiwan/daily-rows.js'
import { readReport } from './answer.js'
import { parseDailyQuotes } from './parse-daily-quotes.js'
import { parsePe } from './parse-pe.js'
import { parseTradingStock } from './parse-trading-stock.js'

// From the root of the repository, where vitest runs.
const data = '../shared/data'
const missing = !existsSync(`${data}/recorded`)
if (missing && process.env.CI === 'true') throw new Error(`${data}/recorded is missing, and in CI it must be there.`)
if (missing) console.warn(`LEFT OUT: ${data}/recorded is missing, so the parsers of tpex were not tried on real pages.`)

const json = (name: string): unknown => JSON.parse(readFileSync(`${data}/recorded/${name}`, 'utf8'))

/** Pages of TPEx that this connector does not ask for, and why. */
const outOfScope: Readonly<Record<string, string>> = {
  'tpex-indices-': 'indices have no volume in shares, and turnover by industry is no row of an instrument',
  'tpex-market-': 'totals of the whole market are no bars and no rows of an instrument',
  'tpex-stocks-institutional': 'institutional trading is not in the scope of this connector',
  'tpex-stocks-margin-trades': 'margin trading is not in the scope of this connector',
  'tpex-stocks-short-sales': 'short sales are not in the scope of this connector',
  'tpex-stocks-fini-holdings': 'holdings of foreigners, a page of MOPS, are not in the scope of this connector',
  'tpex-stocks-dividends': 'exDailyQ: adjustments of TPEx are not in the scope of this connector',
  'tpex-stocks-capital-reductions': 'adjustments of TPEx are not in the scope of this connector',
  'tpex-stocks-splits': 'adjustments of TPEx are not in the scope of this connector',
  'tpex-stocks-etf-': 'adjustments of TPEx are not in the scope of this connector',
}

const inScope = [
  'tpex-stocks-historical.json',
  'tpex-stocks-historical-no-data.json',
  'tpex-stocks-values.json',
  'tpex-stocks-values-no-data.json',
  'tpex-tradingStock-2926-202505.json',
]

describe.skipIf(missing)('recorded pages of TPEx', () => {
  it('are each read below, or out of scope for a reason', () => {
    const ours = ['node-twstock', 'samples']
      .flatMap((folder) => readdirSync(`${data}/recorded/${folder}`))
      .filter((name) => name.startsWith('tpex-'))
    const left = ours.filter(
      (name) => !inScope.includes(name) && !Object.keys(outOfScope).some((beginning) => name.startsWith(beginning)),
    )
    expect(ours.length).toBeGreaterThan(inScope.length)
    expect(left).toEqual([])
  })

  it('dailyQuotes of 2023-01-30 gives 3,945 bars of 7,281 rows, and refuses the seven with a volume alone', () => {
    const rows = parseDailyQuotes(json('node-twstock/tpex-stocks-historical.json'), '2023-01-30')
    if (typeof rows === 'string') throw new Error(rows)
    const { bars, refused } = readDailyRows(rows, '2023-01-30')
    expect(rows).toHaveLength(7_281)
    expect(refused.map(({ row, reason }) => [row.slice(0, 4), reason])).toEqual(
      ['2740', '2947', '4419', '4530', '4767', '5455', '8917'].map((code) => [code, 'volume without a price']),
    )
    expect(bars).toHaveLength(3_945)
    // The close stands before the open.
    expect(bars.find(({ instrument }) => instrument === 'TPEX:6488')).toEqual({
      instrument: 'TPEX:6488',
      ts: '2023-01-30T01:00:00Z',
      open: 505,
      high: 530,
      low: 505,
      close: 530,
      volume: 6_115_888,
      turnover: 3_179_234_099,
      trades: 6_960,
    })
    // Its change is a word, since it goes without its dividend on that day.
    expect(bars.find(({ instrument }) => instrument === 'TPEX:00687B')).toMatchObject({ close: 33.53, trades: 418 })
  })

  it('dailyQuotes of a Sunday says ok, and has nothing', () => {
    expect(parseDailyQuotes(json('node-twstock/tpex-stocks-historical-no-data.json'), '2023-01-01')).toBe('no-data')
  })

  it('tradingStock of 2926 in May 2025 gives eleven days in thousands', () => {
    const told = parseTradingStock(json('samples/tpex-tradingStock-2926-202505.json'), '2926', '2025-05')
    if (typeof told === 'string') throw new Error(told)
    expect(told.refused).toEqual([])
    expect(told.rows).toHaveLength(11)
    expect(told.rows[2]).toEqual({
      date: '2025-05-06',
      instrument: 'TPEX:2926',
      open: 48.45,
      high: 49.1,
      low: 48.45,
      close: 49.1,
      volume_thousands: 27,
      turnover_thousands: 1_330,
      trades: 30,
    })
  })

  it('peQryDate of 2023-01-30 gives 808 rows, of which 177 have no P/E', () => {
    const told = parsePe(json('node-twstock/tpex-stocks-values.json'), '2023-01-30')
    if (typeof told === 'string') throw new Error(told)
    expect(told.refused).toEqual([])
    expect(told.rows).toHaveLength(808)
    expect(told.rows.filter(({ pe }) => pe === null)).toHaveLength(177)
    expect(told.rows[0]).toEqual({
      date: '2023-01-30',
      instrument: 'TPEX:1240',
      name: '茂生農經',
      pe: 46.32,
      pb: 1.42,
      dividend: 1.2,
      dividend_year: 2022,
      dividend_yield_percent: 5.68,
    })
    expect(parsePe(json('node-twstock/tpex-stocks-values-no-data.json'), '2023-01-01')).toBe('no-data')
  })

  it('every way in which TPEx was recorded to say that there is nothing is understood', () => {
    const nothing = readdirSync(`${data}/recorded/node-twstock`).filter((name) => /^tpex-.*-no-data\.json$/.test(name))
    expect(nothing.length).toBeGreaterThan(10)
    for (const name of nothing) {
      const report = readReport(json(`node-twstock/${name}`))
      expect(typeof report, name).toBe(name === 'tpex-market-breadth-no-data.json' ? 'string' : 'object')
    }
  })
})
