import type { DatasetColumn } from '@barkeep/core'
import { Binder } from '../engine/binder.js'
import type { Params } from '../store.js'
import { quotedName } from './dataset-column-sql.js'
import type { RowSource, SourceColumn } from './dataset-source.js'

export const filterOperators = ['eq', 'gt', 'gte', 'lt', 'lte', 'in'] as const
export type FilterOperator = (typeof filterOperators)[number]

export interface DatasetFilter {
  readonly column: DatasetColumn
  readonly operator: FilterOperator
  /** Texts that fit the column's type; one of them unless the operator is `in`. */
  readonly values: readonly string[]
}

export interface DatasetSort {
  readonly column: DatasetColumn
  readonly descending: boolean
}

/** A value of a row as JSON has it. */
export type RowValue = string | number | boolean | null

/** Where a page ended: what its last row has in the columns of the sort, then in the terms of the source's order. */
export type RowPosition = readonly RowValue[]

export interface DatasetRead {
  readonly source: RowSource
  readonly columns: readonly DatasetColumn[]
  readonly filters: readonly DatasetFilter[]
  /** Rows that are equal in all of these keep the order of the source. */
  readonly sort: readonly DatasetSort[]
  readonly after?: RowPosition
  readonly limit?: number
  readonly offset?: number
}

interface Query {
  readonly sql: string
  readonly params: Params
}

/** The rows of a read, in order; `show` says how the value of a column is written. */
export function rowsQuery(
  read: DatasetRead,
  show: (source: SourceColumn, column: DatasetColumn) => string = ({ sql }) => sql,
): Query {
  return pageQuery(read, columnsSql(read, show))
}

/** The same rows for a format with types of its own: Arrow, Parquet. */
export function columnarRowsQuery(read: DatasetRead): Query {
  return pageQuery(
    read,
    columnsSql(read, ({ sql, columnarSql }) => columnarSql ?? sql),
  )
}

/** The same rows, each followed by where it stands: `#v0`, `#v1` … of the sort, and `#at0`, `#at1` … */
export function placedRowsQuery(read: DatasetRead): Query {
  return pageQuery(read, `${columnsSql(read, ({ sql }) => sql)}, ${placeSql(read)}`)
}

/** The last row of a page of `limit` and, if there is one, the row after it, as `#v0` … and `#at0` … */
export function rowBoundaryQuery(read: DatasetRead, limit: number): Query {
  return pageQuery({ ...read, limit: 2, offset: limit - 1 }, placeSql(read))
}

/** How many rows the filters leave, over all pages, as `#n`. */
export function totalQuery({ source, filters }: Pick<DatasetRead, 'source' | 'filters'>): Query {
  const params = binderOf(source)
  const conditions = conditionsOf(source, filters, params).join(' AND ')
  return { sql: `SELECT count() AS \`#n\` FROM ${source.from} WHERE ${conditions}`, params: params.all }
}

/** The condition of filters on the bare columns of a table, for a statement of one's own. */
export function matchSql(filters: readonly DatasetFilter[]): Query {
  const params = new Binder()
  const conditions = filters.map((filter) => filterSql(filter, { sql: quotedName(filter.column.name) }, params))
  return { sql: ['1', ...conditions].join(' AND '), params: params.all }
}

/** The text of a position, the same for the same place. */
export function placeText(position: RowPosition): string {
  return JSON.stringify(position)
}

/** What `placeSql` adds before all else to a row. */
export function placeMark({ sort }: DatasetRead): string {
  return sort.length > 0 ? '#v0' : '#at0'
}

/** Out of the fields that `placeSql` adds. */
export function placeOf(fields: Readonly<Record<string, RowValue>>, { sort, source }: DatasetRead): RowPosition {
  return [
    ...sort.map((_, index) => fields[`#v${index}`] ?? null),
    ...source.order.map((_, index) => fields[`#at${index}`] ?? null),
  ]
}

function placeSql({ sort, source }: DatasetRead): string {
  const values = sort.map(({ column }, index) => `${columnOf(source, column).sql} AS \`#v${index}\``)
  return [...values, ...source.order.map(({ sql }, index) => `${sql} AS \`#at${index}\``)].join(', ')
}

function columnsSql({ source, columns }: DatasetRead, show: (source: SourceColumn, column: DatasetColumn) => string) {
  return columns.map((column) => `${show(columnOf(source, column), column)} AS ${quotedName(column.name)}`).join(', ')
}

function columnOf({ columns }: RowSource, { name }: DatasetColumn): SourceColumn {
  return columns.get(name) ?? { sql: `t.${quotedName(name)}` }
}

function binderOf({ params = {} }: RowSource): Binder {
  const binder = new Binder()
  Object.assign(binder.all, params)
  return binder
}

function pageQuery(read: DatasetRead, select: string): Query {
  const { source, sort, filters, after } = read
  const params = binderOf(source)
  const conditions = conditionsOf(source, filters, params)
  if (after !== undefined) conditions.push(afterSql(read, after, params))
  const order = [
    ...sort.map(({ column, descending }) => columnOf(source, column).sql + (descending ? ' DESC' : '')),
    ...source.order.map(({ sql }) => sql),
  ]
  let sql = `SELECT ${select} FROM ${source.from} WHERE ${conditions.join(' AND ')} ORDER BY ${order.join(', ')}`
  if (read.limit !== undefined) sql += ` LIMIT ${read.limit}`
  if (read.offset !== undefined) sql += ` OFFSET ${read.offset}`
  return { sql, params: params.all }
}

function conditionsOf(source: RowSource, filters: readonly DatasetFilter[], params: Binder): string[] {
  return [
    source.condition ?? '1',
    ...filters.map((filter) => filterSql(filter, columnOf(source, filter.column), params)),
  ]
}

const comparisons = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function filterSql({ column, operator, values }: DatasetFilter, { sql, lookup }: SourceColumn, params: Binder): string {
  if (lookup !== undefined && (operator === 'eq' || operator === 'in')) {
    const found = values.flatMap((value) => lookup.find(value) ?? [])
    const bound = found.map((value) => params.bind(lookup.engineType, value))
    return bound.length === 0 ? '0' : `${lookup.sql} IN (${bound.join(', ')})`
  }
  const bound = values.map((value) => params.typed(column.type, value))
  const condition =
    operator === 'in' ? `${sql} IN (${bound.join(', ')})` : `${sql} ${comparisons[operator]} ${bound[0]}`
  // The index does not look into a function, so it is there only where a value may be missing.
  return column.nullable ? `ifNull(${condition}, false)` : condition
}

/** Rows behind a position: greater in the first term of the order, or equal there and greater in the next, and so on. */
function afterSql({ source, sort }: DatasetRead, position: RowPosition, params: Binder): string {
  const behindInOrder = orderedAfter(source, position.slice(sort.length), params)
  return sort.reduceRight((behindRest, { column, descending }, index) => {
    const value = position[index] ?? null
    const { sql } = columnOf(source, column)
    // Rows without a value come last either way.
    if (value === null) return `(${sql} IS NULL AND ${behindRest})`
    const bound = params.typed(column.type, String(value))
    return `(ifNull(${sql} ${descending ? '<' : '>'} ${bound}, true) OR ifNull(${sql} = ${bound}, false) AND ${behindRest})`
  }, behindInOrder)
}

function orderedAfter({ order }: RowSource, position: RowPosition, params: Binder): string {
  const bound = order.map(({ engineType }, index) => {
    const text = String(position[index] ?? '')
    return params.bind(engineType, engineType.startsWith('DateTime') ? text.replace('Z', '') : text)
  })
  const behind = order.reduceRight((behindRest, { sql }, index) => {
    const isBehind = `${sql} > ${bound[index]}`
    return behindRest === '' ? isBehind : `(${isBehind} OR ${sql} = ${bound[index]} AND ${behindRest})`
  }, '')
  // Said once more for the index, which finds the first row of the page by it.
  return order.length > 1 ? `(${order[0]?.sql} >= ${bound[0]} AND ${behind})` : behind
}
