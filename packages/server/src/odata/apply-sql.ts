import { quotedName } from '../store/datasets/dataset-column-sql.js'
import { type EdmType, type EntitySet, edmEngineTypes, type Property, propertyOf } from './entity-set.js'
import { wrongOption } from './errors.js'
import { type ExpressionContext, ExpressionSql } from './expression-sql.js'
import type { Aggregate, AggregateMethod, Transformation } from './parse-apply.js'

/** The rows that the stages of `$apply` leave, as a set of their own. Throws INVALID_PARAMETER, NotSupported. */
export function appliedSet(set: EntitySet, stages: readonly Transformation[], context: ExpressionContext): EntitySet {
  return stages.reduce(
    (before, stage) =>
      stage.kind === 'filter'
        ? filteredSet(before, new ExpressionSql(before, context, '$apply').condition(stage.condition))
        : groupedSet(before, stage, context),
    set,
  )
}

function filteredSet(set: EntitySet, condition: string): EntitySet {
  return { ...set, condition: set.condition === undefined ? condition : `${set.condition} AND ${condition}` }
}

function groupedSet(
  set: EntitySet,
  { by, aggregates }: Extract<Transformation, { kind: 'group' }>,
  context: ExpressionContext,
): EntitySet {
  const groups = by.map((name) => propertyOf(set, name, '$apply'))
  const columns = [
    ...groups.map(({ name, type, nullable, sql, precision }) => ({
      sql,
      property: outcome(name, type, nullable, precision),
    })),
    ...aggregates.map((aggregate) => aggregateColumn(set, aggregate, context)),
  ]
  const names = columns.map(({ property }) => property.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw wrongOption('$apply', twice, `'${twice}' names two columns.`)
  const selected = columns.map(({ sql, property }) => `${sql} AS ${quotedName(property.name)}`).join(', ')
  const where = set.condition === undefined ? '' : ` WHERE ${set.condition}`
  const grouping = groups.length === 0 ? '' : ` GROUP BY ${groups.map(({ sql }) => sql).join(', ')}`
  return {
    name: set.name,
    properties: columns.map(({ property }) => property),
    key: [],
    source: `(SELECT ${selected} FROM ${set.source}${where}${grouping}) AS t`,
    order: columns.slice(0, groups.length).map(({ property: { sql, type, nullable } }) => ({
      sql,
      engineType: edmEngineTypes[type],
      nullable,
      descending: false,
    })),
  }
}

function outcome(name: string, type: EdmType, nullable: boolean, precision: number | undefined): Property {
  return { name, type, nullable, sql: `t.${quotedName(name)}`, ...(precision !== undefined && { precision }) }
}

function aggregateColumn(set: EntitySet, { of, as }: Aggregate, context: ExpressionContext) {
  if (of === undefined) return { sql: 'toInt64(count())', property: outcome(as, 'Edm.Int64', false, undefined) }
  const { sql, type, nullable } = new ExpressionSql(set, context, '$apply').value(of.expression)
  if (type === 'null') throw wrongOption('$apply', as, `${of.method} of null is nothing.`)
  const isNumber = type === 'Edm.Int64' || type === 'Edm.Double'
  if (!isNumber && (of.method === 'sum' || of.method === 'average')) {
    throw wrongOption('$apply', as, `${of.method} takes numbers, not ${type}.`)
  }
  const column = aggregateSql(of.method, sql, type, nullable)
  const precision = column.type === 'Edm.DateTimeOffset' ? 3 : undefined
  return { sql: column.sql, property: outcome(as, column.type, column.nullable, precision) }
}

/** Nulls do not count; of no values there is no smallest, largest, sum or average. */
function aggregateSql(method: AggregateMethod, sql: string, type: EdmType, nullable: boolean) {
  switch (method) {
    case 'countdistinct':
      // Null is a value here, as the standard has it.
      return {
        sql: `toInt64(uniqExact(${sql})${nullable ? ` + (countIf(${sql} IS NULL) > 0)` : ''})`,
        type: 'Edm.Int64' as const,
        nullable: false,
      }
    case 'sum': {
      const sum =
        type === 'Edm.Int64' ? `accurateCastOrNull(sumOrNull(toInt128(${sql})), 'Int64')` : `sumOrNull(${sql})`
      return { sql: sum, type, nullable: true }
    }
    case 'average':
      return { sql: `avgOrNull(toFloat64(${sql}))`, type: 'Edm.Double' as const, nullable: true }
    case 'min':
    case 'max':
      return { sql: `${method}OrNull(${sql})`, type, nullable: true }
  }
}
