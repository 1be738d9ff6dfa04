import type { Format } from '@barkeep/core'

/** Formats that are made of JSON lines here; the others are made by the engine. */
export type LineFormat = Exclude<Format, 'csv' | 'arrow' | 'parquet'>
export const isLineFormat = (format: Format): format is LineFormat =>
  format !== 'csv' && format !== 'arrow' && format !== 'parquet'

/** Makes one answer out of the JSON lines of its rows. */
export interface RowsWriter {
  readonly head: Uint8Array
  /** The bytes of whole lines, which it may write into. */
  rows(lines: Uint8Array): readonly Uint8Array[]
  /** What stands behind the rows. */
  tail(ending: Ending): Uint8Array
}

/** What is known only when the rows are through; in formats without an envelope headers tell it. */
export interface Ending {
  readonly next: string | null | undefined
  readonly total: number | undefined
  readonly links: Readonly<Record<string, string>>
}

/** What ends a line. */
export const newline = 0x0a
