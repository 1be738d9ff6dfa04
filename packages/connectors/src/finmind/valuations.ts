import { type Handler, parseInstrument } from '@barkeep/core'
import { spokenFor } from '../spoken-for.js'
import { parseCell } from '../taiwan/cells.js'
import { trustAt } from '../taiwan/sessions.js'
import { askDataset } from './ask.js'
import { columnOf, dateWithin } from './columns.js'
import { type InstrumentDaysParams, questionOf } from './daily-bars.js'
import { valuationsDataset } from './datasets.js'

const dataset = 'TaiwanStockPER'

/**
 * P/E, P/B and dividend yield of one instrument, rows of `finmind_valuations`. A P/E of zero is that of a loss, and null.
 * Throws what `dailyBars` throws. Source: FinMind TaiwanStockPER, our notes on upstreams, 4.
 */
export const valuations: Handler<InstrumentDaysParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const { symbol } = parseInstrument(instrument)
  const answer = await askDataset(context, dataset, questionOf(task.params))
  const trust = trustAt(context.now())
  const coverage = { scope: instrument, of: valuationsDataset, start, end }
  const refused: { row: string; reason: string }[] = []
  const rows = answer.flatMap((row) => {
    const date = dateWithin(row, dataset, { symbol, start, end })
    const [pe, pb, dividend] = ['PER', 'PBR', 'dividend_yield'].map((name) => parseCell(columnOf(row, name, dataset)))
    if (pe === undefined || pb === undefined || dividend === undefined) {
      refused.push({ row: JSON.stringify(row), reason: 'unreadable number' })
      return []
    }
    return [{ date, instrument, pe: pe === 0 ? null : pe, pb, dividend_yield_percent: dividend }]
  })
  const covers = spokenFor(coverage, rows.at(-1)?.date, trust)
  if (answer.length === 0) return { task, data: { absence: 'no-data', covers }, nextTasks: [] }
  return { task, data: { rows: [{ dataset: valuationsDataset, rows }], covers, refused }, nextTasks: [] }
}
