import { type Answer, jsonAnswer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { taipeiDate } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { compact, parseCompact } from './format.js'
import { type MarketTable, marketTables } from './market-tables.js'
import { publishedThrough } from './publication.js'

const NO_DATA = '很抱歉，沒有符合條件的資料!'
const TABLES = 10

/** All stocks of one day, JSON or the old CSV. */
export const marketDay: readonly Route[] = [
  { path: '/rwd/zh/afterTrading/MI_INDEX', answer: answerDay },
  { path: '/exchangeReport/MI_INDEX', answer: answerDay },
]

function answerDay({ query, truth, nowMs }: RouteRequest): Answer {
  const asked = query.get('date') ?? compact(taipeiDate(nowMs))
  const type = query.get('type') ?? 'MS'
  const response = query.get('response') ?? 'json'
  const date = parseCompact(asked)
  const known = date !== undefined && date <= publishedThrough(nowMs) && truth.calendar.closure(date) === undefined
  const tables = known ? tablesOf(truth, date, type) : Array.from({ length: TABLES }, () => ({}))
  if (response === 'csv') return textAnswer(known ? csv(tables) : '\r\n', 'text/csv;charset=MS950', { charset: 'big5' })
  const params = { date: asked, type, response, controller: 'afterTrading', action: 'MI_INDEX', lang: 'zh' }
  return jsonAnswer({ tables, params, stat: known ? 'OK' : NO_DATA, date: asked })
}

/** Ten places; what a type does not ask for is an empty object. */
function tablesOf(truth: Truth, date: string, type: string): (MarketTable | Record<string, never>)[] {
  const { indexes, totals, breadth, stocks } = marketTables(truth, date, { warrants: type === 'ALL' })
  if (type === 'MS') return [{}, {}, {}, {}, {}, {}, totals, breadth, {}, {}]
  if (type === 'IND') return [...indexes, {}, {}, {}, {}]
  return [...indexes, totals, breadth, stocks, {}]
}

/** Sections one after the other; every line ends with a comma, and codes that start with 0 are written as formulas. */
function csv(tables: readonly (MarketTable | Record<string, never>)[]): string {
  const lines: string[] = []
  for (const table of tables) {
    if (!isTable(table)) continue
    lines.push(`"${table.title}"`)
    if (table.groups !== undefined) lines.push('"(元,股)","(元,交易單位)",')
    for (const row of [table.fields, ...table.data]) {
      lines.push(row.map((cell) => cellOf(String(cell).replaceAll(/<[^>]*>/g, ''))).join(''))
    }
    lines.push('')
  }
  return `${lines.join('\r\n')}\r\n`
}

function cellOf(text: string): string {
  return /^0\d/.test(text) && !text.includes('.') ? `="${text}",` : `"${text}",`
}

function isTable(table: MarketTable | Record<string, never>): table is MarketTable {
  return 'fields' in table
}
