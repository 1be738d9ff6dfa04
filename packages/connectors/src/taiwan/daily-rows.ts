import { type Bar, barFault, instrumentPattern, type PageBars, type Refusal } from '@barkeep/core'
import { parseCell } from './cells.js'
import { openOf, taiwanExchange } from './sessions.js'

const withoutBar = ['unreadable code', 'volume without a price', 'date repeats']
const instrumentShape = new RegExp(instrumentPattern)

/** One row of daily figures as it stands on the page: texts, volume in shares, turnover in TWD. */
export interface DailyRow {
  /** TWSE or TPEX. */
  readonly exchange: string
  readonly symbol: string
  readonly date: string
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
  readonly turnover: string
  readonly trades: string
}

export interface DailyBars {
  readonly bars: PageBars['bars'][number][]
  readonly refused: Refusal[]
}

/**
 * Daily bars of rows, in their order. A day without a trade gives none; a row that contradicts itself (volume without a
 * price, high below low, a second row of the same day) is refused with the reason. Days after `settledThrough` are not final.
 */
export function readDailyRows(rows: Iterable<DailyRow>, settledThrough: string): DailyBars {
  const bars: DailyBars['bars'] = []
  const refused: DailyBars['refused'] = []
  const seen = new Set<string>()
  for (const row of rows) {
    const told = barOf(row)
    const key = `${row.symbol} ${row.date}`
    const reason = seen.has(key) ? 'date repeats' : typeof told === 'string' ? told : undefined
    seen.add(key)
    if (reason !== undefined) refused.push({ row: textOfRow(row), reason, ...missingBar(row, reason) })
    else if (typeof told === 'object') bars.push(row.date > settledThrough ? { ...told, final: false } : told)
  }
  return { bars, refused }
}

/** A bar; undefined when nothing was traded; a text that says what is wrong. */
function barOf(row: DailyRow): Bar | string | undefined {
  const instrument = `${row.exchange}:${row.symbol}`
  if (!instrumentShape.test(instrument)) return 'unreadable code'
  const [open, high, low, close] = [row.open, row.high, row.low, row.close].map(parseCell)
  const [volume, turnover, trades] = [row.volume, row.turnover, row.trades].map(parseCell)
  if (open === undefined || high === undefined || low === undefined || close === undefined) return 'unreadable price'
  if (volume === undefined || turnover === undefined || trades === undefined) return 'unreadable number'
  // Some sources write zeros for prices that there are none of.
  const prices = [open, high, low, close].filter((price) => price !== null && price !== 0)
  // A volume of odd lots or blocks alone makes no price.
  if (prices.length === 0) return (volume ?? 0) > 0 ? 'volume without a price' : undefined
  if (open === null || high === null || low === null || close === null) return 'a price is missing'
  if (volume === null) return 'the volume is missing'
  const ts = openOf(taiwanExchange(row.exchange), row.date)
  const bar = { instrument, ts, open, high, low, close, volume, turnover, trades }
  return barFault(bar) ?? bar
}

/** Rows without a code that can be read, without a price, or there twice are no bars that are missing. */
function missingBar({ exchange, symbol, date }: DailyRow, reason: string): Pick<Refusal, 'bar'> {
  if (withoutBar.includes(reason)) return {}
  return { bar: { instrument: `${exchange}:${symbol}`, interval: '1d', date } }
}

function textOfRow({ symbol, date, open, high, low, close, volume, turnover, trades }: DailyRow): string {
  return [symbol, date, open, high, low, close, volume, turnover, trades].join(' ')
}
