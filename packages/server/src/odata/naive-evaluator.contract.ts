import type { ArithmeticOperator, ComparisonOperator, Expression } from './expression.js'

/** A value as the tests hold it: whole numbers as bigint, instants as Date, days as `{ day }`. */
export type NaiveValue = bigint | number | string | boolean | Date | { readonly day: string } | null
export type NaiveRow = Readonly<Record<string, NaiveValue>>

/**
 * What an expression is for one row, written as plainly as the standard says it and knowing nothing of SQL. It is what
 * the tests hold the store's answers against; types are taken to fit.
 */
export function evaluate(expression: Expression, row: NaiveRow): NaiveValue {
  switch (expression.kind) {
    case 'literal':
      return literal(expression.type, expression.text)
    case 'property':
      return row[expression.name] ?? null
    case 'unary':
      return expression.operator === 'not'
        ? not(evaluate(expression.operand, row))
        : negate(evaluate(expression.operand, row))
    case 'binary': {
      const { operator } = expression
      const left = evaluate(expression.left, row)
      const right = evaluate(expression.right, row)
      if (operator === 'and')
        return left === false || right === false ? false : left === null || right === null ? null : true
      if (operator === 'or')
        return left === true || right === true ? true : left === null || right === null ? null : false
      if (['eq', 'ne', 'gt', 'ge', 'lt', 'le'].includes(operator))
        return compare(operator as ComparisonOperator, left, right)
      return arithmetic(operator as ArithmeticOperator, left, right)
    }
    case 'in': {
      const operand = evaluate(expression.operand, row)
      return expression.list.some((one) => compare('eq', operand, evaluate(one, row)))
    }
    case 'call':
      if (expression.name === 'case') return firstCase(expression.args, row)
      return call(
        expression.name,
        expression.args.map((arg) => evaluate(arg, row)),
      )
    default:
      throw new TypeError(`The evaluator knows no ${expression.kind}.`)
  }
}

function literal(type: string, text: string): NaiveValue {
  if (type === 'null') return null
  if (type === 'boolean') return text === 'true'
  if (type === 'string') return text
  if (type === 'date') return { day: text }
  if (type === 'instant') return new Date(text)
  if (type === 'integer') return BigInt(text)
  return Number(text)
}

function not(value: NaiveValue): NaiveValue {
  return value === null ? null : !value
}

function fitting(value: bigint): bigint | null {
  return value === BigInt.asIntN(64, value) ? value : null
}

function negate(value: NaiveValue): NaiveValue {
  if (typeof value === 'bigint') return fitting(-value)
  return value === null ? null : -Number(value)
}

function compare(operator: ComparisonOperator, left: NaiveValue, right: NaiveValue): boolean {
  if (operator === 'ne') return !compare('eq', left, right)
  if (left === null || right === null) return left === right && operator !== 'gt' && operator !== 'lt'
  const [a, b] = comparable(left, right)
  switch (operator) {
    case 'eq':
      // biome-ignore lint/suspicious/noDoubleEquals: a whole number is compared with a fraction exactly.
      return a == b
    case 'gt':
      return a > b
    case 'ge':
      return a >= b
    case 'lt':
      return a < b
    case 'le':
      return a <= b
  }
}

type Comparable = bigint | number | string | boolean

/** Texts are compared by their bytes. */
function comparable(left: NaiveValue, right: NaiveValue): [Comparable, Comparable] {
  if (typeof left === 'string' && typeof right === 'string')
    return [Buffer.compare(Buffer.from(left), Buffer.from(right)), 0]
  return [plain(left), plain(right)]
}

function plain(value: NaiveValue): Comparable {
  if (value instanceof Date) return value.getTime()
  if (value !== null && typeof value === 'object') return value.day
  return value ?? 0
}

function arithmetic(operator: ArithmeticOperator, left: NaiveValue, right: NaiveValue): NaiveValue {
  if (left === null || right === null) return null
  if (typeof left === 'bigint' && typeof right === 'bigint' && operator !== 'divby') {
    if (operator === 'add') return fitting(left + right)
    if (operator === 'sub') return fitting(left - right)
    if (operator === 'mul') return fitting(left * right)
    if (right === 0n) return null
    return operator === 'div' ? fitting(left / right) : left % right
  }
  const [a, b] = [Number(left), Number(right)]
  if (operator === 'add') return a + b
  if (operator === 'sub') return a - b
  if (operator === 'mul') return a * b
  // The sign of a zero is nobody's business here.
  return operator === 'mod' ? (a % b) + 0 : a / b
}

function firstCase(args: readonly Expression[], row: NaiveRow): NaiveValue {
  for (let at = 0; at < args.length; at += 2) {
    const [condition, result] = args.slice(at, at + 2)
    if (condition !== undefined && result !== undefined && evaluate(condition, row) === true)
      return evaluate(result, row)
  }
  return null
}

function call(name: string, args: readonly NaiveValue[]): NaiveValue {
  if (args.includes(null)) return null
  const [first = null, second = null, third] = args
  if (typeof first === 'string') return ofText(name, first, second, third)
  if (first instanceof Date) return ofTime(name, first.toISOString())
  if (typeof first === 'object' && first !== null) return ofTime(name, first.day)
  if (typeof first === 'bigint') return first
  const number = Number(first)
  if (name === 'floor') return Math.floor(number)
  if (name === 'ceiling') return Math.ceil(number)
  const whole = Math.trunc(number)
  return whole + (Math.abs(number - whole) >= 0.5 ? Math.sign(number) : 0)
}

function ofText(name: string, text: string, second: NaiveValue, third: NaiveValue | undefined): NaiveValue {
  const characters = [...text]
  const other = String(second)
  switch (name) {
    case 'concat':
      return text + other
    case 'contains':
      return text.includes(other)
    case 'startswith':
      return text.startsWith(other)
    case 'endswith':
      return text.endsWith(other)
    case 'indexof': {
      const at = text.indexOf(other)
      return BigInt(at === -1 ? -1 : [...text.slice(0, at)].length)
    }
    case 'length':
      return BigInt(characters.length)
    case 'tolower':
      return text.toLowerCase()
    case 'toupper':
      return text.toUpperCase()
    case 'trim':
      return text.trim()
    default: {
      const start = Number(second) < 0 ? Math.max(characters.length + Number(second), 0) : Number(second)
      const length = third === undefined ? characters.length : Math.max(Number(third), 0)
      return characters.slice(start, start + length).join('')
    }
  }
}

function ofTime(name: string, iso: string): NaiveValue {
  const part = (from: number, to: number) => BigInt(iso.slice(from, to))
  switch (name) {
    case 'date':
      return { day: iso.slice(0, 10) }
    case 'year':
      return part(0, 4)
    case 'month':
      return part(5, 7)
    case 'day':
      return part(8, 10)
    case 'hour':
      return part(11, 13)
    case 'minute':
      return part(14, 16)
    case 'second':
      return part(17, 19)
    default:
      return Number(iso.slice(20, 23)) / 1_000
  }
}
