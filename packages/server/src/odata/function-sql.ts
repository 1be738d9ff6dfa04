import type { EdmType } from './entity-set.js'
import { NotSupported, wrongOption } from './errors.js'
import type { Value } from './literal-sql.js'

interface FunctionSql {
  /** What each argument must be; `number` is Int64 or Double, `day` is Date or DateTimeOffset. */
  readonly takes: readonly (EdmType | 'number' | 'day')[]
  readonly gives: EdmType | 'same'
  sql(...args: string[]): string
}

const text = 'Edm.String'
const whole = 'Edm.Int64'
const instant = 'Edm.DateTimeOffset'
/** Lengths and positions in a text, far beyond any. */
const TEXT_LENGTH_MAX = 2_000_000_000

const functions: Readonly<Record<string, FunctionSql>> = {
  concat: { takes: [text, text], gives: text, sql: (a, b) => `concat(${a}, ${b})` },
  contains: { takes: [text, text], gives: 'Edm.Boolean', sql: (a, b) => `(position(${a}, ${b}) > 0)` },
  startswith: { takes: [text, text], gives: 'Edm.Boolean', sql: (a, b) => `startsWith(${a}, ${b})` },
  endswith: { takes: [text, text], gives: 'Edm.Boolean', sql: (a, b) => `endsWith(${a}, ${b})` },
  indexof: { takes: [text, text], gives: whole, sql: (a, b) => `toInt64(toInt64(positionUTF8(${a}, ${b})) - 1)` },
  length: { takes: [text], gives: whole, sql: (a) => `toInt64(lengthUTF8(${a}))` },
  substring: { takes: [text, whole, whole], gives: text, sql: substringSql },
  tolower: { takes: [text], gives: text, sql: (a) => `lowerUTF8(${a})` },
  toupper: { takes: [text], gives: text, sql: (a) => `upperUTF8(${a})` },
  trim: { takes: [text], gives: text, sql: (a) => `replaceRegexpAll(${a}, '^[\\\\s\\\\p{Z}]+|[\\\\s\\\\p{Z}]+$', '')` },
  date: { takes: [instant], gives: 'Edm.Date', sql: (a) => `toDate32(${a}, 'UTC')` },
  year: { takes: ['day'], gives: whole, sql: (a) => `toInt64(toYear(${a}))` },
  month: { takes: ['day'], gives: whole, sql: (a) => `toInt64(toMonth(${a}))` },
  day: { takes: ['day'], gives: whole, sql: (a) => `toInt64(toDayOfMonth(${a}))` },
  hour: { takes: [instant], gives: whole, sql: (a) => `toInt64(toHour(${a}, 'UTC'))` },
  minute: { takes: [instant], gives: whole, sql: (a) => `toInt64(toMinute(${a}, 'UTC'))` },
  second: { takes: [instant], gives: whole, sql: (a) => `toInt64(toSecond(${a}, 'UTC'))` },
  fractionalseconds: {
    takes: [instant],
    gives: 'Edm.Double',
    sql: (a) => `(toMillisecond(toDateTime64(${a}, 3, 'UTC')) / 1000)`,
  },
  // Instants are kept in UTC, so their offset is none.
  totaloffsetminutes: { takes: [instant], gives: whole, sql: (a) => `toInt64(toYear(${a}) * 0)` },
  mindatetime: { takes: [], gives: instant, sql: () => "toDateTime64('1900-01-01 00:00:00.000', 3, 'UTC')" },
  maxdatetime: { takes: [], gives: instant, sql: () => "toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC')" },
  ceiling: { takes: ['number'], gives: 'same', sql: (a) => `ceil(${a})` },
  floor: { takes: ['number'], gives: 'same', sql: (a) => `floor(${a})` },
  // The engine rounds halves to even, OData away from zero; adding 0.5 would be off just below a half.
  round: {
    takes: ['number'],
    gives: 'same',
    sql: (a) => once([a], ([x = '']) => `(trunc(${x}) + if(abs(${x} - trunc(${x})) >= 0.5, sign(${x}), 0))`),
  },
}

/** Characters are counted from 0; a negative start counts from the end, a negative length is none. */
function substringSql(text: string, start: string, length = String(TEXT_LENGTH_MAX)): string {
  return once([text, start, length], ([a = '', n = '', m = '']) => {
    const fromEnd = between(`toInt64(lengthUTF8(${a})) + ${between(n, -TEXT_LENGTH_MAX)}`, 0)
    const from = `ifNull(if(${n} < 0, ${fromEnd}, ${between(n, 0)}), 0) + 1`
    // Behind a null the engine keeps any number, and refuses the query where that one is out of range.
    return `if(${n} IS NULL OR ${m} IS NULL, NULL, substringUTF8(${a}, ${from}, ifNull(${between(m, 0)}, 0)))`
  })
}

/** SQL longer than a column or a placeholder is written once, as an argument, so that nesting does not multiply it. */
const REPEATED_CHARACTERS_MAX = 80

function once(args: readonly string[], body: (names: readonly string[]) => string): string {
  if (args.every((arg) => arg.length <= REPEATED_CHARACTERS_MAX)) return body(args)
  const names = args.map((_, index) => `x${index}`)
  return `arrayElement(arrayMap((${names.join(', ')}) -> ${body(names)}, ${args.map((arg) => `[${arg}]`).join(', ')}), 1)`
}

/** The engine's own `least` and `greatest` take null for nothing at all; here it stays null. */
function between(sql: string, least: number): string {
  return `if(${sql} < ${least}, ${least}, if(${sql} > ${TEXT_LENGTH_MAX}, ${TEXT_LENGTH_MAX}, ${sql}))`
}

/** A call of a function of the standard. Throws INVALID_PARAMETER for arguments of a wrong type, NotSupported. */
export function callSql(name: string, args: readonly Value[], option: string): Value {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (found === undefined) throw new NotSupported(`The function ${name}`)
  for (const [index, arg] of args.entries()) {
    const due = found.takes[index]
    if (due !== undefined && !fits(arg.type, due)) {
      throw wrongOption(option, name, `${name} takes ${due} as its value ${index + 1}, not ${arg.type}.`)
    }
  }
  const [first] = args
  const given = found.gives === 'same' ? (first?.type ?? 'null') : found.gives
  if (args.some(({ type }) => type === 'null')) return { sql: 'NULL', type: 'null', nullable: true }
  return { sql: found.sql(...args.map(({ sql }) => sql)), type: given, nullable: args.some(({ nullable }) => nullable) }
}

function fits(type: Value['type'], due: FunctionSql['takes'][number]): boolean {
  if (type === 'null' || type === due) return true
  if (due === 'number') return type === 'Edm.Int64' || type === 'Edm.Double'
  return due === 'day' && (type === 'Edm.Date' || type === 'Edm.DateTimeOffset')
}
