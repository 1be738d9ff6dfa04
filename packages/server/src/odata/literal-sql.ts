import { shorten } from '@barkeep/core'
import type { Binder } from '../store/engine/binder.js'
import { type EdmType, edmEngineTypes } from './entity-set.js'
import { NotSupported, wrongOption } from './errors.js'
import type { Literal } from './expression.js'

/** An expression as SQL; `null` is the type of the literal null. */
export interface Value {
  readonly sql: string
  readonly type: EdmType | 'null'
  readonly nullable: boolean
}

const int64Max = 2n ** 63n - 1n
const int64Min = -(2n ** 63n)
/** The engine keeps dates of these years. */
const YEAR_MIN = 1900
const YEAR_MAX = 2299

/** Binds a literal. Throws INVALID_PARAMETER for a day that no calendar has, NotSupported for types without columns. */
export function literalSql(literal: Literal, params: Binder, option: string): Value {
  if (literal.type === 'null') return { sql: 'NULL', type: 'null', nullable: true }
  const { type, text } = typedLiteral(literal, option)
  return { sql: params.bind(edmEngineTypes[type], text), type, nullable: false }
}

/** A literal other than null as text that the engine reads, with its type. */
export function typedLiteral({ type, text }: Literal, option: string): { type: EdmType; text: string } {
  switch (type) {
    case 'string':
      return { type: 'Edm.String', text }
    case 'boolean':
      return { type: 'Edm.Boolean', text }
    case 'integer': {
      const value = BigInt(text.replace('+', ''))
      // Beyond 64 bits a whole number is compared as the nearest double.
      const fits = value >= int64Min && value <= int64Max
      return fits ? { type: 'Edm.Int64', text: String(value) } : { type: 'Edm.Double', text: doubleText(text) }
    }
    case 'decimal':
      return { type: 'Edm.Double', text: doubleText(text) }
    case 'date':
      return { type: 'Edm.Date', text: checkedDay(text, text, option) }
    case 'instant':
      return { type: 'Edm.DateTimeOffset', text: instantText(text, option) }
    default:
      throw new NotSupported(`A value of the type ${type}`)
  }
}

const namedDoubles: Readonly<Record<string, string>> = { INF: 'inf', '-INF': '-inf', NaN: 'nan' }

/** The digits of the nearest double, however many the literal has; what is too large is infinite. */
function doubleText(text: string): string {
  const named = namedDoubles[text]
  if (named !== undefined) return named
  const value = Number(text)
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? 'inf' : '-inf'
}

function checkedDay(day: string, text: string, option: string): string {
  const ms = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(day)) {
    throw wrongOption(option, text, `'${shorten(text, 40)}' is no day of the calendar.`)
  }
  const year = Number(day.slice(0, 4))
  if (year < YEAR_MIN || year > YEAR_MAX) {
    throw wrongOption(option, text, `the year of '${shorten(text, 40)}' must lie between ${YEAR_MIN} and ${YEAR_MAX}.`)
  }
  return day
}

/** Milliseconds are what the store keeps; further digits are cut off. A leap second is the next second's beginning. */
function instantText(text: string, option: string): string {
  const upper = text.toUpperCase()
  checkedDay(upper.split('T')[0] ?? '', text, option)
  const isLeap = /T\d\d:\d\d:60/.test(upper)
  const read = Date.parse(upper.replace(/:60(?:\.\d+)?/, ':59').replace(/(\.\d{3})\d+/, '$1'))
  const instant = new Date(read + (isLeap ? 1_000 : 0)).toISOString()
  checkedDay(instant.slice(0, instant.indexOf('T')), text, option)
  return instant.replace('T', ' ').replace('Z', '')
}
