import { upstreamError } from '@barkeep/core'
import { listOf, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { parseCell } from '../taiwan/cells.js'
import type { DailyRow } from '../taiwan/daily-rows.js'
import type { MinuteRow } from '../taiwan/minute-rows.js'

/** An instant with its offset, as minutes have it: `2023-05-29T09:00:00.000+08:00`. */
const stampShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/
const dateShape = /^\d{4}-\d{2}-\d{2}$/

/** The rows of an answer with candles. Throws UPSTREAM_CHANGED where there is no list of them. */
export function candlesOf(answer: UnknownRecord): readonly UnknownRecord[] {
  return listOf(answer.data, "'data' of Fugle's candles").map((row) => recordOf(row, "A row of Fugle's candles"))
}

/** Daily candles, in the order of their dates: Fugle sends the newest first unless told. Volume in shares, turnover in TWD. */
export function parseDailyCandles(
  answer: UnknownRecord,
  { exchange, symbol, start, end }: Readonly<Record<'exchange' | 'symbol' | 'start' | 'end', string>>,
): readonly DailyRow[] {
  const rows = candlesOf(answer).map((row): DailyRow => {
    const date = cellOf(row, 'date')
    if (!dateShape.test(date) || date < start || date >= end) {
      throw upstreamError(
        'UPSTREAM_CHANGED',
        `Fugle was asked from ${start} until before ${end}, but tells of ${date}.`,
      )
    }
    const [open, high, low, close] = [
      cellOf(row, 'open'),
      cellOf(row, 'high'),
      cellOf(row, 'low'),
      cellOf(row, 'close'),
    ]
    const [volume, turnover] = [cellOf(row, 'volume'), cellOf(row, 'turnover')]
    return { exchange, symbol, date, open, high, low, close, volume, turnover, trades: '' }
  })
  return rows.sort((a, b) => (a.date < b.date ? -1 : 1))
}

/** One candle of a minute, labelled by its start. `sharesPerUnit` is what Fugle counts the volume in: shares or lots. */
export function readMinuteCandle(row: UnknownRecord, sharesPerUnit: number): MinuteRow {
  const stamp = cellOf(row, 'date')
  const volume = parseCell(cellOf(row, 'volume'))
  return {
    labelMs: stampShape.test(stamp) ? Date.parse(stamp) : Number.NaN,
    open: parseCell(cellOf(row, 'open')),
    high: parseCell(cellOf(row, 'high')),
    low: parseCell(cellOf(row, 'low')),
    close: parseCell(cellOf(row, 'close')),
    volumeShares: typeof volume === 'number' ? Math.round(volume * sharesPerUnit) : volume,
    turnover: null,
  }
}

function cellOf(row: UnknownRecord, name: string): string {
  if (name in row) return textOf(row[name])
  throw upstreamError('UPSTREAM_CHANGED', `A candle of Fugle has no '${name}': ${JSON.stringify(row)}.`)
}
