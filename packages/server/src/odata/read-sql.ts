import { BarkeepError } from '@barkeep/core'
import { quotedName } from '../store/datasets/dataset-column-sql.js'
import { Binder } from '../store/engine/binder.js'
import type { Params } from '../store/store.js'
import { appliedSet } from './apply-sql.js'
import { type EntitySet, edmEngineTypes, type OrderTerm, type Property, propertyOf } from './entity-set.js'
import { NotSupported, parsing, wrongOption } from './errors.js'
import { type ExpressionContext, ExpressionSql } from './expression-sql.js'
import { literalSql } from './literal-sql.js'
import { parseApply } from './parse-apply.js'
import type { QueryOptions } from './parse-options.js'
import type { KeyPart } from './parse-path.js'
import { searchSql } from './search-sql.js'

/** Terms of `$orderby`, at most. */
const ORDER_TERMS_MAX = 20
/** The engine takes queries of 256 KiB. */
const QUERY_CHARACTERS_MAX = 250_000

/** Where a page ended: the texts of what its last row is ordered by, or a number of rows to skip. */
export type PagePosition = readonly (string | null)[] | number

/** What a request reads, held against its entity set. */
export interface EntityRead {
  /** After `$apply`, what that leaves. */
  readonly set: EntitySet
  readonly properties: readonly Property[]
  readonly conditions: readonly string[]
  readonly order: readonly OrderTerm[]
  readonly params: Binder
}

interface Query {
  readonly sql: string
  readonly params: Params
}

/** Throws INVALID_PARAMETER naming the option, REQUEST_TOO_COMPLEX, NotSupported. */
export function readEntities(base: EntitySet, options: QueryOptions, nowMs: number): EntityRead {
  const params = binderOf(base)
  const context: ExpressionContext = { params, aliases: options.aliases, nowMs }
  const { apply } = options
  const stages = apply === undefined ? [] : parsing('$apply', apply, () => parseApply(apply))
  const set = appliedSet(base, stages, context)
  const conditions = set.condition === undefined ? [] : [set.condition]
  if (options.filter !== undefined) {
    conditions.push(new ExpressionSql(set, context, '$filter').condition(options.filter))
  }
  if (options.search !== undefined) conditions.push(searchSql(options.search, set, params))
  return {
    set,
    properties: selectedProperties(set, options.select),
    conditions,
    order: [...wantedOrder(set, options, context), ...set.order],
    params,
  }
}

/** The one entity of a key. Throws INVALID_PARAMETER where the key is not that of the set. */
export function readEntity(set: EntitySet, key: readonly KeyPart[], options: QueryOptions, nowMs: number): EntityRead {
  const params = binderOf(set)
  const context: ExpressionContext = { params, aliases: options.aliases, nowMs }
  const shape = set.key.length === 1 ? '(value)' : `(${set.key.map((name) => `${name}=value`).join(',')})`
  const names = key.map(({ name }) => name ?? set.key[0])
  const fault = wrongOption('key', names.join(','), `${set.name} is keyed as ${set.name}${shape}.`)
  if (key.length !== set.key.length || new Set(names).size !== names.length) throw fault
  const expressions = new ExpressionSql(set, context, 'key')
  const conditions = key.map(({ value }, index) => {
    const name = names[index] ?? ''
    if (!set.key.includes(name)) throw fault
    if (value.kind === 'literal' && literalSql(value, params, 'key').type === 'null') throw fault
    return expressions.condition({ kind: 'binary', operator: 'eq', left: { kind: 'property', name }, right: value })
  })
  if (set.condition !== undefined) conditions.push(set.condition)
  return { set, properties: selectedProperties(set, options.select), conditions, order: set.order, params }
}

/** The rows of a page. Whole numbers become text where a reader cannot hold 64 bits. */
export function pageQuery(
  read: EntityRead,
  page: { after?: PagePosition; limit: number; skip: number },
  hasLongNumbers: boolean,
): Query {
  const columns = read.properties.map(({ sql, type, name }) => {
    const shown = type === 'Edm.Int64' && hasLongNumbers ? `toString(${sql})` : sql
    return `${shown} AS ${quotedName(name)}`
  })
  return orderedQuery(read, columns.join(', '), page)
}

/** What the last row of a page is ordered by, and whether there is one behind it: up to two rows of `#v0`, `#v1` … */
export function boundaryQuery(read: EntityRead, page: { after?: PagePosition; limit: number; skip: number }): Query {
  const values = read.order.map(({ sql }, index) => `toString(${sql}) AS \`#v${index}\``)
  const offset = typeof page.after === 'number' ? page.after : page.skip
  const { after } = page
  return orderedQuery(read, ['1 AS `#row`', ...values].join(', '), {
    ...(after !== undefined && typeof after !== 'number' && { after }),
    limit: 2,
    skip: offset + page.limit - 1,
  })
}

/** How many rows the conditions leave, as `#n`. */
export function countQuery({ set, conditions, params }: EntityRead): Query {
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  return { sql: `SELECT count() AS \`#n\` FROM ${set.source}${where}`, params: params.all }
}

function orderedQuery(
  read: EntityRead,
  columns: string,
  { after, limit, skip }: { after?: PagePosition; limit: number; skip: number },
): Query {
  const conditions = [...read.conditions]
  // Values of a position are bound for this query alone.
  const params = new Binder(read.params)
  if (after !== undefined && typeof after !== 'number') conditions.push(behind(read.order, after, params))
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  // Null comes before all values, and after them where the order is descending.
  const order = read.order.map(({ sql, descending }) => sql + (descending ? ' DESC NULLS LAST' : ' ASC NULLS FIRST'))
  const by = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`
  const offset = typeof after === 'number' ? after : skip
  const limits = ` LIMIT ${limit}${offset === 0 ? '' : ` OFFSET ${offset}`}`
  const sql = `SELECT ${columns} FROM ${read.set.source}${where}${by}${limits}`
  if (sql.length > QUERY_CHARACTERS_MAX) {
    throw new BarkeepError('REQUEST_TOO_COMPLEX', {
      message: 'This is too much for one query. Shorten $filter, $orderby or $apply.',
    })
  }
  return { sql, params: params.all }
}

/** Rows behind a position: behind in the first term, or equal there and behind in the next, and so on. */
function behind(order: readonly OrderTerm[], position: readonly (string | null)[], params: Binder): string {
  const terms = order.map((term, index) => termSql(term, position[index] ?? null, params))
  const all = terms.reduceRight((rest, term) => `(${term.isBehind} OR (${term.isEqual} AND ${rest}))`, 'false')
  // Said once more for the index, which does not look into alternatives.
  const first = terms[0]
  return first === undefined ? all : `${first.isFrom} AND ${all}`
}

function termSql({ sql, engineType, nullable, descending }: OrderTerm, value: string | null, params: Binder) {
  if (value === null) {
    return {
      isBehind: descending ? 'false' : `(${sql} IS NOT NULL)`,
      isEqual: `(${sql} IS NULL)`,
      isFrom: descending ? `(${sql} IS NULL)` : 'true',
    }
  }
  const bound = params.bind(engineType, engineType.startsWith('DateTime') ? value.replace('Z', '') : value)
  const sign = descending ? '<' : '>'
  const known = (test: string, otherwise: boolean) => (nullable ? `ifNull(${test}, ${otherwise})` : `(${test})`)
  return {
    isBehind: known(`${sql} ${sign} ${bound}`, descending),
    isEqual: known(`${sql} = ${bound}`, false),
    isFrom: known(`${sql} ${sign}= ${bound}`, descending),
  }
}

function binderOf({ params = {} }: EntitySet): Binder {
  const binder = new Binder()
  Object.assign(binder.all, params)
  return binder
}

function selectedProperties(set: EntitySet, select: readonly string[] | undefined): readonly Property[] {
  if (select === undefined) return set.properties
  return [...new Set(select)].map((name) => {
    if (/[./(@]/.test(name)) throw new NotSupported('$select of anything but properties')
    return propertyOf(set, name, '$select')
  })
}

function wantedOrder(set: EntitySet, { orderby = [] }: QueryOptions, context: ExpressionContext): OrderTerm[] {
  if (orderby.length > ORDER_TERMS_MAX) {
    throw wrongOption('$orderby', '', `names ${orderby.length} terms; at most ${ORDER_TERMS_MAX} are possible.`)
  }
  return orderby.flatMap(({ expression, descending }) => {
    const { sql, type, nullable } = new ExpressionSql(set, context, '$orderby').value(expression)
    if (type === 'null') return []
    const engineType = edmEngineTypes[type]
    // What is no number has no place in an order, so it counts as null.
    if (type === 'Edm.Double' && expression.kind !== 'property') {
      return [{ sql: `if(isNaN(${sql}), NULL, ${sql})`, engineType, nullable: true, descending }]
    }
    return [{ sql, engineType, nullable, descending }]
  })
}
