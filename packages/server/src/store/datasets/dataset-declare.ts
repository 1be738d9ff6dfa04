import type { Dataset, DatasetColumn } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import type { RowSource, SourceColumn, SourceOrder } from './dataset-source.js'

/** A column of a built-in dataset: that of the table with the same name, unless `sql` says otherwise. */
export interface DeclaredColumn extends Pick<DatasetColumn, 'type' | 'title'>, Partial<SourceColumn> {
  readonly nullable?: boolean
}

/** What a built-in dataset is and where its columns come from, out of one declaration. */
export function declareBuiltIn(
  { name, title, key }: Pick<Dataset, 'name' | 'title' | 'key'>,
  columns: Readonly<Record<string, DeclaredColumn>>,
): Pick<RowSource, 'dataset' | 'columns'> {
  const entries = Object.entries(columns)
  return {
    dataset: {
      name,
      title,
      licence: null,
      source: null,
      key,
      columns: entries.map(([column, { type, nullable = false, title: told }]) => ({
        name: column,
        type,
        nullable,
        ...(told !== undefined && { title: told }),
      })),
      readOnly: true,
    },
    columns: new Map(
      entries.map(([column, { type: _, title: __, nullable: ___, ...source }]) => [
        column,
        { sql: `t.${column}`, ...source },
      ]),
    ),
  }
}

/** A term of the order of a table, by one of its columns. */
export function orderBy(column: string, engineType: string): SourceOrder {
  return { sql: `t.${column}`, engineType }
}

/** The name of an instrument that stands in the table as its number. */
export function instrumentColumn(catalog: Catalog): DeclaredColumn {
  return {
    type: 'string',
    title: 'EXCHANGE:SYMBOL',
    sql: "dictGet('instrument_names', 'instrument', toUInt64(t.instrument))",
    lookup: { sql: 't.instrument', engineType: 'UInt32', find: (name) => catalog.instrument(name)?.id },
  }
}
