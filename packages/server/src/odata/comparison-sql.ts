import type { ComparisonOperator } from './expression.js'
import type { Value } from './literal-sql.js'

/** Null is equal to itself and to nothing else; it is neither greater nor less than anything. */
export function compareNull(operator: ComparisonOperator, left: Value, right: Value): Value {
  const other = left.type === 'null' ? right : left
  const isNull = other.type === 'null' ? 'true' : other.nullable ? `(${other.sql} IS NULL)` : 'false'
  if (operator === 'ne') return boolean(`(NOT ${isNull})`)
  return boolean(operator === 'gt' || operator === 'lt' ? 'false' : isNull)
}

/** What to write instead of a comparison that does not fit. */
export function comparisonHint(left: Value, right: Value): string {
  const types = [left.type, right.type]
  if (types.includes('Edm.Date') && types.includes('Edm.DateTimeOffset')) {
    return ' Write the instant in full, such as 2026-11-20T00:00:00Z, or compare date(…).'
  }
  if (types.includes('Edm.String')) return " Text stands in single quotes, numbers and times don't."
  return ''
}

/** A condition that is never null. */
export function boolean(sql: string): Value {
  return { sql, type: 'Edm.Boolean', nullable: false }
}
