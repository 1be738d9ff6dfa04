import { type Handler, type Instrument, instrumentPattern, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { listOf, recordOf, textOf } from '../read-json.js'
import { ask, expectAnswerOf, markets } from './ask.js'

export type TickersParams = {
  /** TWSE or TPEX. */
  readonly exchange: string
  /** The date in Taipei on which it is asked. */
  readonly asked: string
}

const instrumentShape = new RegExp(instrumentPattern)

/**
 * Stocks and funds of one exchange as they are listed today, with their names; neither ISIN nor dates.
 * Throws what `dailyBars` throws. Source: Fugle intraday/tickers, our notes on upstreams, 6.
 */
export const instruments: Handler<TickersParams> = async (task, context) => {
  const { exchange, asked } = task.params
  const market = markets[exchange] ?? ''
  const answer = await ask(context, 'intraday/tickers', {
    type: 'EQUITY',
    exchange: exchangeNames[exchange] ?? '',
    market,
  })
  if (answer === undefined) throw upstreamError('UPSTREAM_REFUSED', `Fugle has no tickers of ${exchange}.`)
  expectAnswerOf(answer, { market })
  const rows = listOf(answer.data, "'data' of Fugle's tickers").map((row) => recordOf(row, "A row of Fugle's tickers"))
  // No market is without securities.
  if (rows.length === 0) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  const known = new Map<string, Instrument>()
  const refused: { row: string; reason: string }[] = []
  for (const row of rows) {
    const [symbol, name] = [textOf(row.symbol), textOf(row.name)]
    const instrument = `${exchange}:${symbol}`
    if (!instrumentShape.test(instrument)) refused.push({ row: JSON.stringify(row), reason: 'unreadable code' })
    else known.set(instrument, { instrument, exchange, symbol, name, kind: kindOf(symbol), ...untold })
  }
  return {
    task,
    data: {
      instruments: [...known.values()],
      covers: [{ scope: exchange, of: 'instruments', start: asked, end: addDays(asked, 1) }],
      refused,
    },
    nextTasks: [],
  }
}

/** As Fugle names them. */
const exchangeNames: Readonly<Record<string, string>> = { TWSE: 'TWSE', TPEX: 'TPEx' }
const untold = { isin: null, listed: null, delisted: null } as const

/** By the code, since the page tells none: funds begin with two zeros. */
function kindOf(symbol: string): 'etf' | 'stock' {
  return symbol.startsWith('00') ? 'etf' : 'stock'
}
