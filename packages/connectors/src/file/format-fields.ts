import { exchangeCodePattern, isTimeZone, keptIntervals } from '@barkeep/core'
import { dateStyles, type FileFormat, formatColumns, formatKinds, labels, toldFields } from './format.js'

/** What is wrong with a value, and where within it: ` .1m` of `{"1m": "isoo"}`. */
interface FieldFault {
  readonly at: string
  readonly value: unknown
  readonly expects: string
}

interface FormatField {
  readonly required: boolean
  readonly expects: string
  readonly faultOf: (value: unknown) => FieldFault | undefined
}

/** A test of a value, and what passes it. */
interface Shape {
  readonly expects: string
  readonly accepts: (value: unknown) => boolean
}

const text: Shape = { expects: 'a text', accepts: (value) => typeof value === 'string' && value !== '' }
const flag: Shape = { expects: 'true or false', accepts: (value) => typeof value === 'boolean' }
const aboveZero: Shape = {
  expects: 'a number above zero',
  accepts: (value) => Number.isFinite(value) && Number(value) > 0,
}
const exchangeCode = matching(new RegExp(exchangeCodePattern), 'a code of an exchange, such as TWSE')
const dateStyle = oneOf(dateStyles)
const texts: Shape = {
  expects: 'a text, or a list of texts',
  accepts: (value) => text.accepts(value) || (Array.isArray(value) && value.length > 0 && value.every(text.accepts)),
}
const delimiter: Shape = {
  expects: 'one character other than a quote',
  accepts: (value) => typeof value === 'string' && value.length === 1 && value !== '"',
}

/** The fields of a declaration, in the order in which they are asked for. */
export const formatFields: Readonly<Record<keyof FileFormat, FormatField>> = {
  id: required(matching(/^[a-z0-9][a-z0-9-]{0,63}$/, 'a name of small letters, digits and dashes')),
  title: required(text),
  kind: required(oneOf(formatKinds)),
  path: required(text, listOf),
  header: optional(flag),
  columns: required(text, (shape) => either(recordOf(texts, formatColumns), listOf(shape), Array.isArray)),
  order: optional(text, listOf),
  dateStyle: required(dateStyle, (shape) => either(alone(shape), recordOf(shape, keptIntervals), isObject)),
  delimiter: optional(delimiter, (shape) => either(alone(shape), listOf(shape), Array.isArray)),
  encoding: optional({ expects: 'an encoding such as utf-8, big5 or utf-16le', accepts: isEncoding }),
  timeZone: optional({
    expects: 'an IANA time zone such as Asia/Taipei',
    accepts: (value) => typeof value === 'string' && isTimeZone(value),
  }),
  interval: optional(oneOf(keptIntervals)),
  exchange: optional(exchangeCode),
  suffixes: optional(exchangeCode, (shape) => recordOf(shape, /^\.[A-Z0-9]+$/)),
  symbolCase: optional(oneOf(['upper'])),
  priceScale: optional(aboveZero),
  priceDigits: optional({
    expects: 'a whole number from 1 to 17',
    accepts: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 17,
  }),
  label: optional(oneOf(labels)),
  clampToSession: optional(flag),
  volumeUnit: optional(aboveZero),
  ask: optional(oneOf(toldFields), listOf),
  noTrade: optional(text, listOf),
}

export function isFormatField(key: string): key is keyof FileFormat {
  return Object.hasOwn(formatFields, key)
}

type FaultOf = FormatField['faultOf']
type Arrange = (shape: Shape) => { readonly expects: string; readonly faultOf: FaultOf }

function required(shape: Shape, arrange: Arrange = alone): FormatField {
  return { required: true, ...arrange(shape) }
}

function optional(shape: Shape, arrange: Arrange = alone): FormatField {
  return { required: false, ...arrange(shape) }
}

function alone({ expects, accepts }: Shape): ReturnType<Arrange> {
  return { expects, faultOf: (value) => (accepts(value) ? undefined : { at: '', value, expects }) }
}

function listOf({ expects: itemExpects, accepts }: Shape): ReturnType<Arrange> {
  const expects = `a list, each of it ${itemExpects}`
  return {
    expects,
    faultOf(value) {
      if (!Array.isArray(value)) return { at: '', value, expects }
      const index = value.findIndex((item) => !accepts(item))
      return index === -1 ? undefined : { at: `[${index}]`, value: value[index], expects: itemExpects }
    },
  }
}

function recordOf({ expects: itemExpects, accepts }: Shape, keys: readonly string[] | RegExp): ReturnType<Arrange> {
  const keysExpected = keys instanceof RegExp ? 'like .TW' : `of ${keys.join(', ')}`
  const hasKey = (key: string) => (keys instanceof RegExp ? keys.test(key) : keys.includes(key))
  const expects = `an object with keys ${keysExpected}, and each value ${itemExpects}`
  return {
    expects,
    faultOf(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return { at: '', value, expects }
      for (const [key, item] of Object.entries(value)) {
        if (!hasKey(key)) return { at: '', value: key, expects: `a key ${keysExpected}` }
        if (!accepts(item)) return { at: `.${key}`, value: item, expects: itemExpects }
      }
      return undefined
    },
  }
}

/** The second for values that `isOther` knows, and the first for all else. */
function either(
  one: ReturnType<Arrange>,
  other: ReturnType<Arrange>,
  isOther: (value: unknown) => boolean,
): ReturnType<Arrange> {
  return {
    expects: `${one.expects}, or ${other.expects}`,
    faultOf: (value) => (isOther(value) ? other : one).faultOf(value),
  }
}

function oneOf(known: readonly string[]): Shape {
  return { expects: `one of ${known.join(', ')}`, accepts: (value) => known.some((name) => name === value) }
}

function matching(pattern: RegExp, expects: string): Shape {
  return { expects, accepts: (value) => typeof value === 'string' && pattern.test(value) }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object'
}

function isEncoding(value: unknown): boolean {
  try {
    return typeof value === 'string' && new TextDecoder(value).encoding !== ''
  } catch {
    return false
  }
}
