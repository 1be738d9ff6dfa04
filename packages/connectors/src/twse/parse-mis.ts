import { upstreamError } from '@barkeep/core'
import { isRecord, listOf, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf } from '../refusal-of.js'
import { parseCell } from '../taiwan/cells.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { sharesPerLot } from '../taiwan/lots.js'
import { instantInTaipei } from '../taiwan/sessions.js'

/** One row of the dataset `twse_quotes`. */
export type Quote = {
  readonly instrument: string
  readonly ts: string
  readonly last: number | null
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly reference: number | null
  readonly volume: number | null
  readonly bid: number | null
  readonly ask: number | null
  readonly limit_up: number | null
  readonly limit_down: number | null
}

export interface Quotes {
  readonly rows: readonly Quote[]
  readonly refused: readonly { readonly row: string; readonly reason: string }[]
}

const exchanges: Readonly<Record<string, string>> = { tse: 'TWSE', otc: 'TPEX' }
/** The channel of an index says so in `it`; its `v` is no number of lots. */
const indexType = 't'

/**
 * Quotes of MIS. Volume comes in lots and leaves in shares; the last price is `-` between matches, which most polls hit.
 * Throws UPSTREAM_REFUSED for a code other than 0000, UPSTREAM_CHANGED. Source: our notes on upstreams, 1.7.
 */
export function parseMis(body: unknown): Quotes {
  const answer = recordOf(body, 'The answer of MIS')
  const code = textOf(answer.rtcode)
  if (code !== '0000') {
    throw upstreamError('UPSTREAM_REFUSED', `MIS says ${code || 'no rtcode'}: ${excerptOf(textOf(answer.rtmessage))}`)
  }
  const rows: Quote[] = []
  const seen = new Set<string>()
  const refused: { row: string; reason: string }[] = []
  for (const message of listOf(answer.msgArray, 'msgArray of MIS').filter(isRecord)) {
    const told = quoteOf(message)
    const reason = typeof told === 'string' ? told : seen.has(told.instrument) && 'code repeats'
    if (reason) refused.push({ row: excerptOf(JSON.stringify(message)), reason })
    else if (typeof told === 'object') {
      seen.add(told.instrument)
      rows.push(told)
    }
  }
  return { rows, refused }
}

/** A quote, or a text that says why the row is none. */
function quoteOf(message: UnknownRecord): Quote | string {
  const symbol = textOf(message.c)
  if (symbol === '') return 'unknown code'
  const exchange = exchanges[keyOf(message, 'ex')]
  if (exchange === undefined) return 'unknown exchange'
  const date = parseTaiwanDate(keyOf(message, 'd'))
  const ts = date === undefined ? undefined : instantInTaipei(date, keyOf(message, 't'))
  if (ts === undefined) return 'unreadable time'
  const lots = number(message, 'v')
  const lot = textOf(message.it) === indexType ? undefined : sharesPerLot(symbol)
  return {
    instrument: `${exchange}:${symbol}`,
    ts,
    last: number(message, 'z'),
    open: number(message, 'o'),
    high: number(message, 'h'),
    low: number(message, 'l'),
    reference: number(message, 'y'),
    volume: lots === null || lot === undefined ? null : Math.round(lots * lot),
    bid: best(message, 'b'),
    ask: best(message, 'a'),
    limit_up: number(message, 'u'),
    limit_down: number(message, 'w'),
  }
}

/** Throws UPSTREAM_CHANGED: every real message, of stocks and indices, has these keys. */
function keyOf(message: UnknownRecord, key: string): string {
  if (message[key] === undefined) {
    throw upstreamError('UPSTREAM_CHANGED', `MIS: '${key}' is missing in the message of '${textOf(message.c)}'.`)
  }
  return textOf(message[key])
}

/** Null for `-` and for keys that an index does not have. */
function number(message: UnknownRecord, key: string): number | null {
  return parseCell(textOf(message[key])) ?? null
}

/** The first price of a book side, `849.0000_850.0000_…_`; null for none, and for the level of market orders at 0. */
function best(message: UnknownRecord, key: string): number | null {
  return parseCell(textOf(message[key]).split('_')[0] ?? '') || null
}
