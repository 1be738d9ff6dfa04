import { type Handler, type Instrument, type InstrumentKind, instrumentPattern } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { askDataset } from './ask.js'
import { columnOf } from './columns.js'
import { infoDataset } from './datasets.js'

export type AskedParams = {
  /** The date in Taipei on which it is asked. */
  readonly asked: string
}

const dataset = 'TaiwanStockInfo'
const instrumentShape = new RegExp(instrumentPattern)

/** Their market → exchange. Emerging stocks have none that Barkeep knows; they are kept as rows alone. */
const exchanges: Readonly<Record<string, string>> = { twse: 'TWSE', tpex: 'TPEX' }

/** Industries that tell another kind than a stock. */
const kinds: readonly (readonly [industry: RegExp, kind: InstrumentKind])[] = [
  [/ETF/i, 'etf'],
  [/Index|指數|大盤/i, 'index'],
  [/ETN|受益證券|不動產/i, 'other'],
  [/權證/, 'warrant'],
]

/**
 * Securities by market and industry. A stock has a row for each of its industries, and is one instrument: rows of
 * `finmind_stocks` keep them all.
 * Throws what `dailyBars` throws. Source: FinMind TaiwanStockInfo, our notes on upstreams, 4.
 */
export const instruments: Handler<AskedParams> = async (task, context) => {
  const { asked } = task.params
  const answer = await askDataset(context, dataset)
  // No market is without securities, so an empty list covers nothing.
  if (answer.length === 0) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  const rows = answer.map((row) => ({
    stock_id: columnOf(row, 'stock_id', dataset),
    industry: columnOf(row, 'industry_category', dataset),
    market: columnOf(row, 'type', dataset),
    name: columnOf(row, 'stock_name', dataset),
  }))
  const known = new Map<string, Instrument>()
  const refused: { row: string; reason: string }[] = []
  for (const row of rows) {
    const told = instrumentOf(row)
    if (typeof told === 'string') refused.push({ row: JSON.stringify(row), reason: told })
    // Of several industries the one that tells a kind of its own counts.
    else if (told !== undefined && (!known.has(told.instrument) || told.kind !== 'stock'))
      known.set(told.instrument, told)
  }
  const covered = { of: 'instruments', start: asked, end: addDays(asked, 1) }
  return {
    task,
    data: {
      instruments: [...known.values()],
      rows: [{ dataset: infoDataset, rows }],
      covers: [...new Set([...known.values()].map(({ exchange }) => exchange))].map((scope) => ({ scope, ...covered })),
      refused,
    },
    nextTasks: [],
  }
}

interface InfoRow {
  readonly stock_id: string
  readonly industry: string
  readonly market: string
  readonly name: string
}

/** Undefined for a market without an exchange; a text that says what is wrong. */
function instrumentOf({ stock_id: symbol, industry, market, name }: InfoRow): Instrument | string | undefined {
  const exchange = exchanges[market]
  if (exchange === undefined) return undefined
  const instrument = `${exchange}:${symbol}`
  if (!instrumentShape.test(instrument)) return 'unreadable code'
  const kind = kinds.find(([said]) => said.test(industry))?.[1] ?? 'stock'
  return { instrument, exchange, symbol, name, kind, isin: null, listed: null, delisted: null }
}
