import { type FileFormat, type FormatColumn, formatColumns } from './format.js'

/** Columns without which no row is a bar. */
export const columnsRequired: readonly FormatColumn[] = ['ts', 'open', 'high', 'low', 'close', 'volume']

/** One column in the source, or several that are added up. */
type ColumnName = readonly string[]

/** Meaning → its names in the source, of which the first that is there counts. A list of columns names each by its meaning. */
export function columnNames({
  columns,
}: Pick<FileFormat, 'columns'>): ReadonlyMap<FormatColumn, readonly ColumnName[]> {
  const named = Array.isArray(columns) ? Object.fromEntries(columns.map((name) => [name, name])) : columns
  const names = new Map<FormatColumn, readonly ColumnName[]>()
  for (const column of formatColumns) {
    const name: unknown = Reflect.get(named, column)
    if (typeof name === 'string') names.set(column, [[name]])
    else if (Array.isArray(name)) {
      names.set(
        column,
        name.map((one: string) => (column === 'volume' ? one.split('+') : [one])),
      )
    }
  }
  return names
}

/** Where each column of the format stands among `present`; -1 for one that is not there. */
export interface ColumnPositions {
  readonly at: Readonly<Record<FormatColumn, number>>
  /** Columns that are added to that of the volume. */
  readonly addends: readonly number[]
  /** Why no row can be read, where that is so. */
  readonly fault: string | undefined
}

export function locateColumns(format: Pick<FileFormat, 'columns'>, present: readonly string[]): ColumnPositions {
  const folded = present.map(fold)
  const names = columnNames(format)
  const found = new Map<FormatColumn, readonly number[]>()
  for (const [column, itsNames] of names) {
    const positions = itsNames
      .map((name) => name.map((part) => folded.indexOf(fold(part))))
      .find((some) => !some.includes(-1))
    if (positions !== undefined) found.set(column, positions)
  }
  const at = Object.fromEntries(formatColumns.map((column) => [column, found.get(column)?.[0] ?? -1])) as Record<
    FormatColumn,
    number
  > // every column is among its keys
  const [, ...addends] = found.get('volume') ?? []
  return { at, addends, fault: lacking(names, found) ?? twice(folded, found) }
}

/** Whether a line names columns, and is no row of values then. Names that the format does not know have no digits either. */
export function isHeader(format: Pick<FileFormat, 'columns'>, line: readonly string[]): boolean {
  const { at } = locateColumns(format, line)
  return columnsRequired.some((column) => at[column] !== -1) || !line.some((name) => /\d/.test(name))
}

function lacking(
  names: ReadonlyMap<FormatColumn, readonly ColumnName[]>,
  found: ReadonlyMap<FormatColumn, unknown>,
): string | undefined {
  const column = columnsRequired.find((one) => !found.has(one))
  if (column === undefined) return undefined
  const itsNames = names.get(column) ?? []
  return `missing column: ${column}${itsNames.length > 1 ? `, which is ${itsNames.map((name) => name.join('+')).join(' or ')}` : ''}`
}

/** Of two columns of one name, either could be meant. */
function twice(folded: readonly string[], found: ReadonlyMap<FormatColumn, readonly number[]>): string | undefined {
  for (const [column, positions] of found) {
    if (positions.some((position) => folded.indexOf(folded[position] ?? '', position + 1) !== -1)) {
      return `column twice: ${column}`
    }
  }
  return undefined
}

/** Some write the names of columns in angle brackets. */
function fold(name: string): string {
  return name
    .trim()
    .replace(/^<(.*)>$/, '$1')
    .trim()
    .toLowerCase()
}
