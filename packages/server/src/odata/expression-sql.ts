import { BarkeepError } from '@barkeep/core'
import type { Binder } from '../store/engine/binder.js'
import { boolean, compareNull, comparisonHint } from './comparison-sql.js'
import { type EntitySet, propertyOf } from './entity-set.js'
import { NotSupported, wrongOption } from './errors.js'
import type { ArithmeticOperator, ComparisonOperator, Expression } from './expression.js'
import { callSql } from './function-sql.js'
import { literalSql, type Value } from './literal-sql.js'
import { wholeResult, wholeSql } from './whole-number-sql.js'

/** How deep parameter aliases may refer to each other. */
const ALIAS_DEPTH_MAX = 10
/** Some functions need an argument several times, so nesting them could grow without bound. */
const SQL_CHARACTERS_MAX = 200_000

export interface ExpressionContext {
  readonly params: Binder
  /** Values of parameter aliases, by name without @. */
  readonly aliases: ReadonlyMap<string, Expression>
  /** Milliseconds since the epoch, for `now()`. */
  readonly nowMs: number
}

/**
 * Turns expressions over one entity set into SQL. Null is unknown: comparisons with it are false (`eq` and `ne` know
 * it), `and`, `or` and `not` follow three-valued logic, arithmetic and functions give null.
 */
export class ExpressionSql {
  readonly #set: EntitySet
  readonly #params: Binder
  readonly #aliases: ReadonlyMap<string, Expression>
  readonly #nowMs: number
  readonly #option: string
  #aliasDepth = 0

  /** Errors name `option`. */
  constructor(set: EntitySet, { params, aliases, nowMs }: ExpressionContext, option: string) {
    this.#set = set
    this.#params = params
    this.#aliases = aliases
    this.#nowMs = nowMs
    this.#option = option
  }

  /** Throws INVALID_PARAMETER where the expression is no condition. */
  condition(expression: Expression): string {
    return this.#boolean(expression, 'A condition').sql
  }

  /** Throws INVALID_PARAMETER for unknown properties and types that do not fit, REQUEST_TOO_COMPLEX, NotSupported. */
  value(expression: Expression): Value {
    const value = this.#valueOf(expression)
    if (value.sql.length <= SQL_CHARACTERS_MAX) return value
    throw new BarkeepError('REQUEST_TOO_COMPLEX', {
      message: `${this.#option}: this is too much for one query. Nest fewer functions or name fewer values.`,
    })
  }

  #valueOf(expression: Expression): Value {
    switch (expression.kind) {
      case 'literal':
        return literalSql(expression, this.#params, this.#option)
      case 'property': {
        const { sql, type, nullable } = propertyOf(this.#set, expression.name, this.#option)
        return { sql, type, nullable }
      }
      case 'alias':
        return this.#alias(expression.name)
      case 'unary':
        return expression.operator === 'not' ? this.#not(expression.operand) : this.#negate(expression.operand)
      case 'binary':
        return this.#binary(expression)
      case 'in':
        return this.#in(expression.operand, expression.list)
      case 'call':
        if (expression.name === 'case') return this.#case(expression.args)
        if (expression.name === 'now') return this.#now()
        return callSql(
          expression.name,
          expression.args.map((arg) => this.value(arg)),
          this.#option,
        )
      case 'unsupported':
        throw new NotSupported(expression.what)
    }
  }

  #now(): Value {
    const text = new Date(this.#nowMs).toISOString().replace('Z', '')
    return { sql: this.#params.typed('instant', text), type: 'Edm.DateTimeOffset', nullable: false }
  }

  #alias(name: string): Value {
    const expression = this.#aliases.get(name)
    if (expression === undefined) throw this.#wrong(`@${name}`, `@${name} has no value. Add &@${name}=….`)
    if (++this.#aliasDepth > ALIAS_DEPTH_MAX) throw this.#wrong(`@${name}`, `@${name} refers to itself.`)
    const value = this.value(expression)
    this.#aliasDepth--
    return value
  }

  #binary(expression: Extract<Expression, { kind: 'binary' }>): Value {
    const { operator, left, right } = expression
    switch (operator) {
      case 'and':
      case 'or':
        return this.#junction(expression, operator)
      case 'eq':
      case 'ne': {
        const found = this.#lookup(operator, left, right) ?? this.#lookup(operator, right, left)
        return found ?? this.#compare(operator, this.value(left), this.value(right))
      }
      case 'gt':
      case 'ge':
      case 'lt':
      case 'le':
        return this.#compare(operator, this.value(left), this.value(right))
      default:
        return this.#arithmetic(operator, this.value(left), this.value(right))
    }
  }

  /** A row of the same operators becomes one list, since the engine nests its parser as deep as the text. */
  #junction(expression: Expression, operator: 'and' | 'or'): Value {
    const operands: Value[] = []
    let rest = expression
    for (; rest.kind === 'binary' && rest.operator === operator; rest = rest.left) {
      operands.unshift(this.#boolean(rest.right, operator))
    }
    operands.unshift(this.#boolean(rest, operator))
    const sql = `(${operands.map((one) => one.sql).join(operator === 'and' ? ' AND ' : ' OR ')})`
    return { sql, type: 'Edm.Boolean', nullable: operands.some(({ nullable }) => nullable) }
  }

  #boolean(expression: Expression, what: string): Value {
    const value = this.value(expression)
    if (value.type === 'Edm.Boolean') return value
    if (value.type === 'null') return { sql: "CAST(NULL, 'Nullable(Bool)')", type: 'Edm.Boolean', nullable: true }
    const hint = what === 'not' ? " 'not' binds tighter than comparisons: write not (… eq …)." : ''
    throw this.#wrong(what, `${what} takes something true or false, not ${value.type}.${hint}`)
  }

  #not(operand: Expression): Value {
    const { sql, nullable } = this.#boolean(operand, 'not')
    return { sql: `(NOT (${sql}))`, type: 'Edm.Boolean', nullable }
  }

  #negate(operand: Expression): Value {
    const { sql, type, nullable } = this.#number(this.value(operand), '-')
    if (type === 'Edm.Int64') return wholeResult(`-toInt128(${sql})`)
    return { sql: type === 'null' ? 'NULL' : `(-${sql})`, type, nullable }
  }

  /** `instrument eq 'TWSE:2330'` by number, so that the store's index finds the rows. */
  #lookup(operator: 'eq' | 'ne', left: Expression, right: Expression): Value | undefined {
    const text = this.#resolved(right)
    if (left.kind !== 'property' || text.kind !== 'literal' || text.type !== 'string') return undefined
    const { lookup } = propertyOf(this.#set, left.name, this.#option)
    if (lookup === undefined) return undefined
    const found = lookup.find(text.text)
    const isEqual = found === undefined ? 'false' : `${lookup.sql} = ${this.#params.bind(lookup.engineType, found)}`
    return boolean(operator === 'eq' ? `(${isEqual})` : `(NOT (${isEqual}))`)
  }

  #resolved(expression: Expression): Expression {
    return expression.kind === 'alias' ? (this.#aliases.get(expression.name) ?? expression) : expression
  }

  #compare(operator: ComparisonOperator, left: Value, right: Value): Value {
    if (left.type === 'null' || right.type === 'null') return compareNull(operator, left, right)
    if (left.type !== right.type && !(isNumber(left) && isNumber(right))) {
      const hint = comparisonHint(left, right)
      throw this.#wrong(operator, `${operator} cannot compare ${left.type} with ${right.type}.${hint}`)
    }
    if (operator === 'ne') return boolean(`(NOT ${this.#compare('eq', left, right).sql})`)
    const signs = { eq: '=', gt: '>', ge: '>=', lt: '<', le: '<=' } as const
    const plain = `${left.sql} ${signs[operator]} ${right.sql}`
    if (!left.nullable && !right.nullable) return boolean(`(${plain})`)
    const known = `ifNull(${plain}, false)`
    const equalsItself = operator === 'eq' || operator === 'ge' || operator === 'le'
    if (!equalsItself || !left.nullable || !right.nullable) return boolean(known)
    return boolean(`(${known} OR (${left.sql} IS NULL AND ${right.sql} IS NULL))`)
  }

  #in(operand: Expression, list: readonly Expression[]): Value {
    const named = operand.kind === 'property' ? propertyOf(this.#set, operand.name, this.#option) : undefined
    if (named?.lookup !== undefined && list.every((one) => one.kind === 'literal' && one.type === 'string')) {
      const { sql, engineType, find } = named.lookup
      const found = list.flatMap((one) => (one.kind === 'literal' ? (find(one.text) ?? []) : []))
      if (found.length === 0) return boolean('false')
      return boolean(`(${sql} IN (${found.map((one) => this.#params.bind(engineType, one)).join(', ')}))`)
    }
    const value = this.value(operand)
    const values = list.map((one) => this.value(one))
    if (values.length > 0 && values.every(({ type }) => type === value.type && type !== 'null')) {
      const isIn = `${value.sql} IN (${values.map(({ sql }) => sql).join(', ')})`
      return boolean(value.nullable ? `ifNull(${isIn}, false)` : `(${isIn})`)
    }
    const tests = values.map((one) => this.#compare('eq', value, one).sql)
    return boolean(tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`)
  }

  #arithmetic(operator: ArithmeticOperator, leftValue: Value, rightValue: Value): Value {
    const left = this.#number(leftValue, operator)
    const right = this.#number(rightValue, operator)
    if (left.type === 'null' || right.type === 'null') return { sql: 'NULL', type: 'null', nullable: true }
    if (left.type === 'Edm.Int64' && right.type === 'Edm.Int64' && operator !== 'divby') {
      return wholeResult(wholeSql(operator, `toInt128(${left.sql})`, `toInt128(${right.sql})`))
    }
    const signs = { add: '+', sub: '-', mul: '*', div: '/', divby: '/', mod: '%' } as const
    const sql = `(toFloat64(${left.sql}) ${signs[operator]} toFloat64(${right.sql}))`
    return { sql, type: 'Edm.Double', nullable: left.nullable || right.nullable }
  }

  #number(value: Value, what: string): Value {
    if (isNumber(value) || value.type === 'null') return value
    if (value.type === 'Edm.Date' || value.type === 'Edm.DateTimeOffset') throw new NotSupported(`${what} with times`)
    throw this.#wrong(what, `${what} takes numbers, not ${value.type}.`)
  }

  #case(args: readonly Expression[]): Value {
    const conditions = args.filter((_, index) => index % 2 === 0).map((one) => this.#boolean(one, 'case').sql)
    const results = args.filter((_, index) => index % 2 === 1).map((one) => this.value(one))
    const types = new Set(results.map(({ type }) => type).filter((type) => type !== 'null'))
    const isDouble = types.has('Edm.Double') && types.has('Edm.Int64') && types.size === 2
    const [type = 'null'] = isDouble ? (['Edm.Double'] as const) : types
    if (types.size > 1 && !isDouble) throw this.#wrong('case', `case gives ${[...types].join(' or ')}. Give one type.`)
    const branches = results.map(
      ({ sql }, index) => `ifNull(${conditions[index]}, false), ${isDouble ? `toFloat64(${sql})` : sql}`,
    )
    return { sql: `multiIf(${branches.join(', ')}, NULL)`, type, nullable: true }
  }

  #wrong(value: string, message: string) {
    return wrongOption(this.#option, value, message)
  }
}

function isNumber({ type }: Value): boolean {
  return type === 'Edm.Int64' || type === 'Edm.Double'
}
