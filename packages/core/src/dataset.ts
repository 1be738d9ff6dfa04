/** Types that a column of a dataset can have. */
export const columnTypes = ['string', 'integer', 'number', 'boolean', 'date', 'instant'] as const
export type ColumnType = (typeof columnTypes)[number]

export interface DatasetColumn {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  readonly title?: string
}

/** A named table with a declared schema and key. */
export interface Dataset {
  readonly name: string
  readonly title: string
  readonly licence: string | null
  readonly source: string | null
  /** Names of the columns whose values together tell a row from all others. Rows keep the order in which they first came. */
  readonly key: readonly string[]
  readonly columns: readonly DatasetColumn[]
  /** Of those that show what the server keeps itself: their rows are written by routes of their own. */
  readonly readOnly?: true
}

/** Lower case, digits, underscores and hyphens. */
export const datasetNamePattern = '^[a-z][a-z0-9_-]{0,62}$'
/** What a column may be called: a letter or underscore of any script, then letters, digits, underscores. */
export const columnNamePattern = '^[\\p{L}_][\\p{L}\\p{N}_]{0,62}$'
