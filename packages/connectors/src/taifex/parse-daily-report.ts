import { upstreamError } from '@barkeep/core'
import { type HeaderTable, headerTable } from '../header-table.js'
import { parseCell } from '../taiwan/cells.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { cellsOf } from './answer.js'
import { type Contract, contractOf } from './contracts.js'

/** What a contract did in one session of a date. Prices and settlement in points or TWD, null where there is none. */
export interface ReportRow {
  readonly contract: Contract
  readonly session: 'day' | 'night'
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly change: number | null
  /** Contracts, each counted once. */
  readonly volume: number | null
  readonly settlement: number | null
  readonly openInterest: number | null
  readonly bid: number | null
  readonly ask: number | null
  readonly highest: number | null
  readonly lowest: number | null
  readonly halted: boolean
  /** Contracts of it that came from orders of spreads; only futures tell. */
  readonly spreadVolume: number | null
}

export interface DailyReport {
  readonly rows: readonly ReportRow[]
  /** With the instrument whose bar is missing for it, where there is one. */
  readonly refused: readonly { readonly row: string; readonly reason: string; readonly instrument?: string }[]
}

const sessions: Readonly<Record<string, ReportRow['session']>> = { 一般: 'day', 盤後: 'night' }

/** Meaning → the header of its column. */
const numberColumns = {
  open: '開盤價',
  high: '最高價',
  low: '最低價',
  close: '收盤價',
  change: '漲跌價',
  volume: '成交量',
  settlement: '結算價',
  openInterest: '未沖銷契約數',
  bid: '最後最佳買價',
  ask: '最後最佳賣價',
  highest: '歷史最高價',
  lowest: '歷史最低價',
} as const

/**
 * The daily report of futures, or of options, on one session date: a row a contract and session; 'no-data' for a header
 * alone, which is what comes on a day without session.
 * A row that cannot be read, or that is there twice, is refused.
 * Throws UPSTREAM_CHANGED where a column is missing, a row is of another date or of a session that is not known.
 * Source: our notes on upstreams, 9.
 */
export function parseDailyReport(text: string, date: string, what: 'futures' | 'options'): DailyReport | 'no-data' {
  const name = `The daily report of ${what}`
  const [header = '', ...lines] = text.split(/\r?\n/)
  const names = header.split(',')
  const body = lines.filter((line) => line.trim() !== '').map((line) => cellsOf(line, names.length))
  const table = headerTable(name, names, body)
  const read = rowReader(table, what)
  if (body.length === 0) return 'no-data'
  const [dateOf, sessionOf] = [table.column('交易日期'), table.column('交易時段')]
  const rows: ReportRow[] = []
  const refused: { row: string; reason: string; instrument?: string }[] = []
  const seen = new Set<string>()
  for (const cells of table.rows) {
    if (parseTaiwanDate(dateOf(cells)) !== date) {
      throw upstreamError('UPSTREAM_CHANGED', `${name} was asked for ${date}, but a row says '${dateOf(cells)}'.`)
    }
    const session = sessions[sessionOf(cells)]
    if (session === undefined) {
      throw upstreamError('UPSTREAM_CHANGED', `${name}: the session '${sessionOf(cells)}' is not known.`)
    }
    const told = read(cells, session)
    const row = cells.join(',')
    if ('reason' in told) refused.push({ row, ...told })
    else if (seen.has(`${told.contract.instrument} ${session}`)) refused.push({ row, reason: 'contract repeats' })
    else {
      seen.add(`${told.contract.instrument} ${session}`)
      rows.push(told)
    }
  }
  return { rows, refused }
}

function rowReader(table: HeaderTable, what: 'futures' | 'options') {
  const [product, month] = [table.column('契約'), table.column('到期月份(週別)')]
  const halted = table.column('是否因訊息面暫停交易')
  const option = what === 'options' ? { strike: table.column('履約價'), right: table.column('買賣權') } : undefined
  const spreadVolume = what === 'futures' ? table.optionalColumn('價差對單式委託成交量') : undefined
  const columns = Object.entries(numberColumns).map(([meaning, title]) => [meaning, table.column(title)] as const)
  return (
    cells: readonly unknown[],
    session: ReportRow['session'],
  ): ReportRow | { readonly reason: string; readonly instrument?: string } => {
    const contract = contractOf(
      product(cells),
      month(cells),
      option && { strike: option.strike(cells), right: option.right(cells) },
    )
    if (contract === undefined) return { reason: 'unreadable contract' }
    const numbers = columns.map(([meaning, column]) => [meaning, parseCell(column(cells))] as const)
    const spread = spreadVolume === undefined ? null : parseCell(spreadVolume(cells))
    if (spread === undefined || numbers.some(([, number]) => number === undefined)) {
      // By night, and of a spread, there is no bar that could be missing.
      const hasBar = session === 'day' && contract.kind !== 'spread'
      return { reason: 'unreadable number', ...(hasBar && { instrument: contract.instrument }) }
    }
    // Every meaning is among the columns, and none of the numbers is undefined any more.
    const figures = Object.fromEntries(numbers) as Record<keyof typeof numberColumns, number | null>
    return { contract, session, ...figures, halted: halted(cells) !== '', spreadVolume: spread }
  }
}
