import type { DatasetColumn } from '@barkeep/core'
import { Binder } from './binder.js'
import { quotedName } from './dataset-column-sql.js'
import { rowNumber, type StoredDataset, tableOf } from './datasets.js'
import type { Params } from './store.js'

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

/** Where a page ended: what its last row has in the columns of the sort, and the row's number. */
export interface RowPosition {
  readonly values: readonly RowValue[]
  readonly row: number
}

export interface DatasetRead {
  readonly dataset: StoredDataset
  readonly columns: readonly DatasetColumn[]
  readonly filters: readonly DatasetFilter[]
  /** Rows that are equal in all of these keep the order in which they first came. */
  readonly sort: readonly DatasetSort[]
  readonly after?: RowPosition
  readonly limit?: number
  readonly offset?: number
}

interface Query {
  readonly sql: string
  readonly params: Params
}

/** The rows of a read, in order; `show` says how a column is written. */
export function rowsQuery(read: DatasetRead, show = ({ name }: DatasetColumn) => quotedName(name)): Query {
  return pageQuery(read, read.columns.map(show).join(', '))
}

/** The same rows, each followed by where it stands: `#v0`, `#v1` … of the sort, and `#at`. */
export function placedRowsQuery(read: DatasetRead): Query {
  return pageQuery(read, [...read.columns.map(({ name }) => quotedName(name)), placeSql(read)].join(', '))
}

/** The last row of a page of `limit` and, if there is one, the row after it, as `#v0`, `#v1` … and `#at`. */
export function rowBoundaryQuery(read: DatasetRead, limit: number): Query {
  return pageQuery({ ...read, limit: 2, offset: limit - 1 }, placeSql(read))
}

/** How many rows the filters leave, over all pages, as `#n`. */
export function totalQuery({ dataset, filters }: Pick<DatasetRead, 'dataset' | 'filters'>): Query {
  const params = new Binder()
  return {
    sql: `SELECT count() AS \`#n\` FROM ${tableOf(dataset)} FINAL WHERE ${filtersSql(filters, params)}`,
    params: params.all,
  }
}

/** The condition of filters, for a statement of one's own. */
export function matchSql(filters: readonly DatasetFilter[]): Query {
  const params = new Binder()
  return { sql: filtersSql(filters, params), params: params.all }
}

/** The text of a position, the same for the same place. */
export function placeText({ values, row }: RowPosition): string {
  return JSON.stringify([...values, row])
}

/** Out of the fields that `placeSql` adds. */
export function placeOf(fields: Readonly<Record<string, RowValue>>, { sort }: DatasetRead): RowPosition {
  return { values: sort.map((_, index) => fields[`#v${index}`] ?? null), row: Number(fields['#at']) }
}

function placeSql({ sort }: DatasetRead): string {
  const values = sort.map(({ column }, index) => `${quotedName(column.name)} AS \`#v${index}\``)
  return [...values, `${rowNumber} AS \`#at\``].join(', ')
}

function pageQuery(read: DatasetRead, select: string): Query {
  const params = new Binder()
  const conditions = [filtersSql(read.filters, params)]
  if (read.after !== undefined) conditions.push(afterSql(read, read.after, params))
  const order = [
    ...read.sort.map(({ column, descending }) => quotedName(column.name) + (descending ? ' DESC' : '')),
    rowNumber,
  ]
  let sql = `SELECT ${select} FROM ${tableOf(read.dataset)} FINAL WHERE ${conditions.join(' AND ')} ORDER BY ${order.join(', ')}`
  if (read.limit !== undefined) sql += ` LIMIT ${read.limit}`
  if (read.offset !== undefined) sql += ` OFFSET ${read.offset}`
  return { sql, params: params.all }
}

function filtersSql(filters: readonly DatasetFilter[], params: Binder): string {
  const comparisons = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
  const conditions = filters.map(({ column: { name, type }, operator, values }) => {
    if (operator === 'in')
      return `${quotedName(name)} IN (${values.map((value) => params.typed(type, value)).join(', ')})`
    return `${quotedName(name)} ${comparisons[operator]} ${params.typed(type, values[0] ?? '')}`
  })
  return conditions.length === 0 ? '1' : conditions.map((condition) => `ifNull(${condition}, false)`).join(' AND ')
}

/** Rows behind a position: greater in the first column of the sort, or equal there and greater in the next, and so on. */
function afterSql({ sort }: DatasetRead, { values, row }: RowPosition, params: Binder): string {
  const behindAll = `${rowNumber} > ${params.bind('UInt64', row)}`
  return sort.reduceRight((behindRest, { column: { name, type }, descending }, index) => {
    const value = values[index] ?? null
    const field = quotedName(name)
    // Rows without a value come last either way.
    if (value === null) return `(${field} IS NULL AND ${behindRest})`
    const bound = params.typed(type, String(value))
    return `(ifNull(${field} ${descending ? '<' : '>'} ${bound}, true) OR ifNull(${field} = ${bound}, false) AND ${behindRest})`
  }, behindAll)
}
