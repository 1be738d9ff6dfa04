import { ADDED_NAME, ADDED_VALUE, type Reshaping, repeatFirst, reshapeCells } from './table-change.js'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

/**
 * Tables come in three shapes: `{fields, data}`, an array of objects, and columns beside each other under `indicators`
 * as Yahoo writes them. An array of objects that hold tables themselves is no table.
 */
export function reshapeJson(text: string, kind: Reshaping, rows: number): string {
  // A body that is no JSON after all is left to the reader as it is.
  let value: Json
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  return JSON.stringify(visit(value, kind, rows).value)
}

interface Visited {
  readonly value: Json
  readonly changed: boolean
}

function visit(value: Json, kind: Reshaping, rows: number): Visited {
  if (Array.isArray(value)) return visitArray(value, kind, rows)
  if (!isObject(value)) return { value, changed: false }
  const { fields, data, timestamp, indicators } = value
  if (isTable(fields) && isTable(data)) return { value: reshapeTable(value, fields, data, kind, rows), changed: true }
  if (Array.isArray(timestamp) && indicators !== undefined) {
    return { value: reshapeColumns(value, kind, rows), changed: true }
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, visit(inner, kind, rows)] as const)
  return {
    value: Object.fromEntries(entries.map(([key, inner]) => [key, inner.value])),
    changed: entries.some(([, inner]) => inner.changed),
  }
}

function visitArray(list: Json[], kind: Reshaping, rows: number): Visited {
  const visited = list.map((inner) => visit(inner, kind, rows))
  if (visited.some(({ changed }) => changed)) return { value: visited.map(({ value }) => value), changed: true }
  if (list.length === 0 || !list.every(isObject)) return { value: list, changed: false }
  const changed = list.map((row) =>
    Object.fromEntries(reshapeCells(Object.entries(row), kind, [ADDED_NAME, ADDED_VALUE])),
  )
  return { value: repeatFirst(changed, kind, rows), changed: true }
}

function reshapeTable(table: JsonObject, fields: Json[], data: Json[], kind: Reshaping, rows: number): JsonObject {
  const changed = data.map((row) => (Array.isArray(row) ? reshapeCells(row, kind, ADDED_VALUE) : row))
  return { ...table, fields: reshapeCells(fields, kind, ADDED_NAME), data: repeatFirst(changed, kind, rows) }
}

/** Every array of numbers below is a column. Its name tells it, so moving one means another order of keys. */
function reshapeColumns(value: JsonObject, kind: Reshaping, rows: number): JsonObject {
  const change = (inner: Json): Json => {
    if (Array.isArray(inner))
      return inner.every((one) => !isObject(one)) ? repeatFirst(inner, kind, rows) : inner.map(change)
    if (!isObject(inner)) return inner
    const columns = Object.entries(inner).map(([key, column]): [string, Json] => [key, change(column)])
    const first = columns.find(([, column]) => Array.isArray(column) && column.every((one) => !isObject(one)))
    const added = Array.isArray(first?.[1]) ? first[1].map(() => 0) : []
    return Object.fromEntries(first === undefined ? columns : reshapeCells(columns, kind, [ADDED_NAME, added]))
  }
  const { timestamp = [], indicators = {} } = value
  return { ...value, timestamp: change(timestamp), indicators: change(indicators) }
}

function isTable(value: Json | undefined): value is Json[] {
  return Array.isArray(value) && value.length > 0
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
