import { invalidParameter } from '@barkeep/core'

export type Scalar = string | number | boolean | Date

/** Conditions on one field, all of which must hold. */
export interface Condition {
  readonly gt?: Scalar
  readonly gte?: Scalar
  readonly lt?: Scalar
  readonly lte?: Scalar
  readonly in?: readonly Scalar[]
}

/** Field → the value it must equal, or conditions: `{ Location: 'x', Quantity: { gte: 5 } }`. */
export type Where = Readonly<Record<string, Scalar | Condition>>

export type ParamValue = Scalar | readonly Scalar[] | undefined

/** Parameters that steer the answer and so cannot be the name of a field. */
const reserved = ['sort', 'fields', 'limit', 'cursor', 'format']

/** Query parameters: arrays are joined by commas, undefined is left out. Throws INVALID_PARAMETER for an empty array. */
export function queryOf(values: Readonly<Record<string, ParamValue>>): URLSearchParams {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) params.set(name, textOf(name, value))
  return params
}

/** Adds the filters of `where`: `Location=x`, `Quantity.gte=5`, `Quantity.in=1,2`. Throws INVALID_PARAMETER. */
export function addWhere(params: URLSearchParams, where: Where): void {
  for (const [field, condition] of Object.entries(where)) {
    if (reserved.includes(field)) {
      throw invalidParameter(field, field, `'${field}' steers the answer, so a field of that name cannot be filtered.`)
    }
    if (isCondition(condition)) {
      for (const [operator, value] of Object.entries(condition)) {
        params.set(`${field}.${operator}`, textOf(`${field}.${operator}`, value))
      }
    } else {
      params.set(field, textOf(field, condition))
    }
  }
}

/** One segment of a path. Throws INVALID_PARAMETER for what URLs would fold away. */
export function segmentOf(parameter: string, value: string | number): string {
  const text = String(value)
  if (text === '' || text === '.' || text === '..') throw invalidParameter(parameter, text, 'it cannot stand in a URL.')
  return encodeURIComponent(text).replaceAll('%3A', ':')
}

function isCondition(value: Scalar | Condition): value is Condition {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}

function textOf(name: string, value: ParamValue): string {
  if (Array.isArray(value)) {
    // A choice among nothing is a slip of the caller, and must not be read as "all".
    if (value.length === 0) throw invalidParameter(name, '', 'the list is empty. Leave it out, or name something.')
    return value
      .map((item: Scalar) => textOf(name, item))
      .map((text) => {
        if (text.includes(','))
          throw invalidParameter(name, text, 'commas separate the values, so none can contain one.')
        return text
      })
      .join(',')
  }
  if (value instanceof Date) return value.toISOString()
  // From plain JavaScript: a filter on nothing would silently select everything.
  if (value === undefined || value === null) throw invalidParameter(name, String(value), 'a value is missing.')
  return String(value)
}
