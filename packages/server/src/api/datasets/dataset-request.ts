import {
  BarkeepError,
  type ColumnType,
  columnTypes,
  type Dataset,
  type DatasetColumn,
  invalidParameter,
  parseTimeBound,
  shorten,
} from '@barkeep/core'
import type { Static } from 'typebox'
import type { Config } from '../../config.js'
import type { RowKey } from '../../store/datasets/dataset-changes.js'
import type { ColumnTypes } from '../../store/datasets/dataset-inference.js'
import type { RowSource } from '../../store/datasets/dataset-source.js'
import {
  type DatasetFilter,
  type DatasetRead,
  type DatasetSort,
  filterOperators,
  type RowPosition,
} from '../../store/datasets/dataset-sql.js'
import { rowFormats } from '../formats/rows-answer.js'
import { choice, list, oneOf, openQuerySchema, text, unknownParameter, whole } from '../schema/query-schema.js'

const FILTER_VALUES_MAX = 1_000

/** Parameters of the rows of a dataset that steer the answer; all others are filters on its columns. */
export function rowsQuerySchema(config: Config) {
  return openQuerySchema({
    sort: list('Columns in order of weight, - before one for descending; then in the order of the dataset.', '-BirdNo'),
    fields: list('Columns of the answer, in this order.'),
    limit: whole(
      1,
      config['api.rowsPerPageMax'],
      'Rows of a page. JSON always has pages, the other formats only with it.',
    ),
    cursor: text('next_cursor of the page before.'),
    format: choice(rowFormats, 'Instead of an Accept header.'),
  })
}
export type RowsQuery = Static<ReturnType<typeof rowsQuerySchema>>

/** What a request for rows asks for, checked. Throws UNKNOWN_PARAMETER, INVALID_PARAMETER, each naming the parameter. */
export function readRowsRequest(query: RowsQuery, source: RowSource): DatasetRead {
  const { dataset } = source
  const { sort: sortNames, fields, limit, cursor, format: _, ...filters } = query
  const names = dataset.columns.map(({ name }) => name)
  const columnOf = (parameter: string, name: string): DatasetColumn =>
    dataset.columns[names.indexOf(oneOf(parameter, name, names))] as DatasetColumn // oneOf has thrown otherwise
  const columns = fields === undefined ? dataset.columns : fields.map((name) => columnOf('fields', name))
  if (new Set(columns).size !== columns.length)
    throw invalidParameter('fields', (fields ?? []).join(','), 'names a column twice.')
  const sort = (sortNames ?? []).map((text): DatasetSort => {
    const descending = text.startsWith('-')
    return { column: columnOf('sort', descending ? text.slice(1) : text), descending }
  })
  const after = cursor === undefined ? undefined : readRowCursor(cursor, sort, source)
  return {
    source,
    columns,
    sort,
    filters: readFilters(filters, dataset),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit }),
  }
}

/** The row with a key, given as its values joined by commas. */
export function readKey(text: string, source: RowSource): DatasetRead {
  const { dataset } = source
  return { source, columns: dataset.columns, sort: [], filters: readRowKey(text, dataset).filters, limit: 1 }
}

/** A key, given as its values joined by commas. Throws INVALID_PARAMETER. */
export function readRowKey(text: string, dataset: Dataset): RowKey {
  // Only the last part of a key can hold commas, and only when the others do not.
  const parts = text.split(',')
  const values = [...parts.slice(0, dataset.key.length - 1), parts.slice(dataset.key.length - 1).join(',')]
  const filters = dataset.key.map((name, index): DatasetFilter => {
    const column = dataset.columns.find((one) => one.name === name) as DatasetColumn // a key names columns
    return { column, operator: 'eq', values: [checkedValue('key', values[index] ?? '', column)] }
  })
  return { text, filters }
}

/** Filters out of parameters. Throws UNKNOWN_PARAMETER, INVALID_PARAMETER, REQUEST_TOO_COMPLEX. */
export function readFilters(query: Readonly<Record<string, unknown>>, dataset: Dataset): DatasetFilter[] {
  return Object.entries(query).map(([name, value]) => readFilter(name, String(value), dataset))
}

function readFilter(parameter: string, value: string, dataset: Dataset): DatasetFilter {
  const [, name = parameter, operator = 'eq'] = /^(.+)\.(gt|gte|lt|lte|in)$/u.exec(parameter) ?? []
  const column = dataset.columns.find((one) => one.name === name)
  if (column === undefined) {
    const known = ['sort', 'fields', 'limit', 'cursor', 'format', ...dataset.columns.map((one) => one.name)]
    throw unknownParameter(parameter, known)
  }
  const texts = operator === 'in' ? value.split(',') : [value]
  if (texts.length > FILTER_VALUES_MAX) {
    throw new BarkeepError('REQUEST_TOO_COMPLEX', {
      message: `${shorten(parameter, 60)} names ${texts.length} values; at most ${FILTER_VALUES_MAX} are possible.`,
    })
  }
  return {
    column,
    operator: oneOf(parameter, operator, filterOperators),
    values: texts.map((text) => checkedValue(parameter, text, column)),
  }
}

/** Types of the columns of a new dataset: `auto`, or `BirdNo:integer,SurveyDate:date`. Throws INVALID_PARAMETER. */
export function readTypes(parts: readonly string[]): ColumnTypes {
  if (parts.join() === 'auto') return 'auto'
  const types = parts.map((part): [string, ColumnType] => {
    const [name = '', type] = part.split(':')
    if (type === undefined) {
      throw invalidParameter('types', part, `'${shorten(part, 40)}' is no column:type, and not auto either.`)
    }
    return [name, oneOf('types', type, columnTypes)]
  })
  return new Map(types)
}

const shapes: Readonly<Record<ColumnType, RegExp>> = {
  string: /^/,
  integer: /^-?\d{1,18}$/,
  number: /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/,
  boolean: /^(true|false)$/,
  date: /^\d{4}-\d{2}-\d{2}$/,
  instant: /^/,
}

const examples: Readonly<Record<ColumnType, string>> = {
  string: 'any text',
  integer: '42',
  number: '1.5',
  boolean: 'true or false',
  date: '2026-11-20',
  instant: '2026-11-20T01:00:00Z',
}

/** The text as the engine reads it in a column. Throws INVALID_PARAMETER for what does not fit the column's type. */
export function checkedValue(parameter: string, value: string, { name, type }: DatasetColumn): string {
  const fault = () =>
    invalidParameter(
      parameter,
      value,
      `${name} is of type ${type}. Write ${examples[type]}, not '${shorten(value, 40)}'.`,
    )
  if (!shapes[type].test(value)) throw fault()
  // The engine reads no number with zeros in front of it.
  if (type === 'integer') return String(BigInt(value))
  if (type !== 'instant' && type !== 'date') return value
  const bound = parseTimeBound(value, parameter)
  if (type === 'date') return value
  if (bound.kind === 'date') throw fault()
  return new Date(bound.ms).toISOString()
}

/** Where a page ended, as text that callers need not understand. */
export function writeRowCursor(position: RowPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function readRowCursor(text: string, sort: readonly DatasetSort[], { order }: RowSource): RowPosition {
  const parts = parseArray(Buffer.from(text, 'base64url').toString('utf8')) ?? []
  const areScalars = parts.every((value) => value === null || typeof value !== 'object')
  const areInOrder = order.every(({ engineType }, index) => isOfType(engineType, parts[sort.length + index]))
  if (parts.length === sort.length + order.length && areScalars && areInOrder) {
    return parts as RowPosition // scalars, as was just seen
  }
  throw invalidParameter('cursor', text, 'is not a cursor of this list and sort. Give back next_cursor as it came.')
}

/** Whether the engine can read a value of a cursor as what rows are ordered by. */
function isOfType(engineType: string, value: unknown): boolean {
  if (engineType.startsWith('UInt')) return Number.isSafeInteger(value) && Number(value) >= 0
  if (typeof value !== 'string') return false
  if (engineType === 'Date32') return shapes.date.test(value)
  return engineType === 'String' || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(value)
}

function parseArray(text: string): unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
