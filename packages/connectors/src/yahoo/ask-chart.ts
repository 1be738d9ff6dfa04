import {
  type AbsenceReason,
  type HandlerContext,
  instantOfWallClock,
  type KeptInterval,
  wallClockOfDate,
} from '@barkeep/core'
import { readYahooJson } from './answer.js'
import { type Chart, parseChart } from './parse-chart.js'
import { ranges } from './ranges.js'
import { exchangeOf, yahooSymbol } from './symbols.js'

/**
 * Asks for the chart of the session dates `[start, end)`, or up to now where `end` is later or null, with splits and
 * dividends of that time. One request. Throws what `readYahooJson` and `parseChart` throw.
 */
export async function askChart(
  context: HandlerContext,
  asked: {
    readonly instrument: string
    readonly interval: KeptInterval
    readonly start: string
    readonly end: string | null
  },
): Promise<Chart | AbsenceReason> {
  const { instrument, interval, start, end } = asked
  const exchange = exchangeOf(instrument)
  const symbol = yahooSymbol(instrument)
  const midnight = (date: string): number => instantOfWallClock(exchange.timeZone, wallClockOfDate(date) ?? Number.NaN)
  const endMs = end === null ? context.now() : Math.min(midnight(end), context.now())
  const query = new URLSearchParams({
    interval: ranges[interval].names[0],
    period1: String(Math.floor(midnight(start) / 1000)),
    period2: String(Math.ceil(endMs / 1000)),
    includePrePost: 'false',
    events: 'div,splits',
  })
  const page = await context.fetch({
    url: `https://query1.finance.yahoo.com/v8/finance/chart/${encodeURIComponent(symbol)}?${query}`,
  })
  return parseChart(readYahooJson(page), { symbol, granularities: ranges[interval].names, exchange })
}
