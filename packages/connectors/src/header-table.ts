import { upstreamError } from '@barkeep/core'
import { textOf } from './read-json.js'

/** Reads one cell of a row as a trimmed text. */
export type Column = (row: readonly unknown[]) => string

/** A table of an upstream whose columns are found by the names in its header, wherever they stand. */
export interface HeaderTable {
  readonly rows: readonly (readonly unknown[])[]
  /** The column with one of these names, first come. Throws UPSTREAM_CHANGED when there is none, or two. */
  column(...names: readonly string[]): Column
  /** The same for a column that only some eras of the format have. */
  optionalColumn(...names: readonly string[]): Column | undefined
}

/**
 * A table from its header and rows; `what` names it in errors. Blanks within names do not count.
 * Throws UPSTREAM_CHANGED when a row has more or fewer cells than the header: its values may have shifted.
 */
export function headerTable(what: string, header: readonly unknown[], body: readonly unknown[]): HeaderTable {
  const names = header.map((cell) => fold(textOf(cell)))
  const rows = body.map((row, index) => {
    if (!Array.isArray(row) || row.length !== names.length) {
      const cells = Array.isArray(row) ? row.length : 'no'
      throw upstreamError(
        'UPSTREAM_CHANGED',
        `${what}: row ${index} has ${cells} cells, but the header names ${names.length} columns.`,
      )
    }
    return row as readonly unknown[] // Array.isArray narrows to any[]; the cells are unknown.
  })
  const optionalColumn = (...wanted: readonly string[]): Column | undefined => {
    for (const name of wanted.map(fold)) {
      const position = names.indexOf(name)
      if (position < 0) continue
      if (names.indexOf(name, position + 1) >= 0) {
        throw upstreamError('UPSTREAM_CHANGED', `${what}: the column '${name}' is there twice.`)
      }
      return (row) => textOf(row[position])
    }
    return undefined
  }
  return {
    rows,
    optionalColumn,
    column(...wanted) {
      const column = optionalColumn(...wanted)
      if (column === undefined) {
        const known = names.join(', ')
        throw upstreamError(
          'UPSTREAM_CHANGED',
          `${what}: the column '${wanted.join("' or '")}' is missing among ${known}.`,
        )
      }
      return column
    },
  }
}

function fold(name: string): string {
  return name.replaceAll(/\s/g, '')
}
