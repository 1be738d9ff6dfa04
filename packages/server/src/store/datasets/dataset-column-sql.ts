import type { ColumnType } from '@barkeep/core'

/** Types of the engine in which the types of a dataset's columns are kept. */
export const engineTypes: Readonly<Record<ColumnType, string>> = {
  string: 'String',
  integer: 'Int64',
  number: 'Float64',
  boolean: 'Bool',
  date: 'Date32',
  instant: "DateTime64(3, 'UTC')",
}

/** A column's name inside SQL. Names have the shape of core's columnNamePattern, which knows no quotes. */
export function quotedName(name: string): string {
  return `\`${name}\``
}

/** The value of a column out of its text, NULL where the text is none: what the body said, typed. */
export function valueSql(type: ColumnType, text: string): string {
  const trimmed = `nullIf(trimBoth(${text}), '')`
  switch (type) {
    case 'string':
      return text
    case 'integer':
      return `toInt64OrNull(${trimmed})`
    case 'number':
      return `if(isFinite(toFloat64OrNull(${trimmed})), toFloat64OrNull(${trimmed}), NULL)`
    case 'boolean':
      return `multiIf(lower(${trimmed}) IN ('true', '1'), true, lower(${trimmed}) IN ('false', '0'), false, NULL)`
    case 'date':
      // Reading is lenient and wraps what is out of range, so what was read must be what was written.
      return `if(toString(toDate32OrNull(${trimmed})) = ${trimmed}, toDate32OrNull(${trimmed}), NULL)`
    case 'instant':
      return `if(match(${trimmed}, '[ T]\\\\d\\\\d:.*(Z|[+-]\\\\d\\\\d:?\\\\d\\\\d)$'), parseDateTime64BestEffortOrNull(${trimmed}, 3, 'UTC'), NULL)`
  }
}

/** Whether the text is none where a value of the type is due. */
export function isEmptySql(type: ColumnType, text: string): string {
  return type === 'string' ? `${text} IS NULL` : `nullIf(trimBoth(${text}), '') IS NULL`
}

/** The narrowest type that all texts of a column fit, as an expression of an aggregation. */
export function inferredTypeSql(text: string): string {
  const present = `${text} IS NOT NULL AND ${text} != ''`
  const all = (condition: string) => `countIf(${present} AND NOT (${condition})) = 0`
  // A leading zero is part of a code (0050), not of a number.
  const types: [ColumnType, string][] = [
    ['integer', `match(${text}, '^-?(0|[1-9][0-9]{0,17})$')`],
    ['number', `match(${text}, '^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]{1,3})?$')`],
    ['boolean', `lower(${text}) IN ('true', 'false')`],
    ['date', `${valueSql('date', text)} IS NOT NULL`],
    ['instant', `${valueSql('instant', text)} IS NOT NULL`],
  ]
  const branches = types.map(([type, condition]) => `${all(condition)}, '${type}'`)
  return `if(countIf(${present}) = 0, 'string', multiIf(${branches.join(', ')}, 'string'))`
}

/** The type of a dataset's column that holds what the engine found in a body; undefined where none can. */
export function columnTypeOf(engineType: string): ColumnType | undefined {
  const bare = engineType.replaceAll(/(?:Nullable|LowCardinality)\(|\)+$/g, '')
  if (/^(?:String|FixedString|Enum|UUID|Nothing)/.test(bare)) return 'string'
  if (/^U?Int(?:8|16|32|64)$/.test(bare)) return 'integer'
  if (/^(?:Float|BFloat|Decimal)/.test(bare)) return 'number'
  if (bare === 'Bool') return 'boolean'
  if (/^Date(?:32)?$/.test(bare)) return 'date'
  if (/^DateTime/.test(bare)) return 'instant'
  return undefined
}
