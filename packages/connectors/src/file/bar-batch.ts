import type { KeptInterval } from '@barkeep/core'
import type { KeptRow } from './read-row.js'

/** Where a row stands. */
export interface RowOrigin {
  /** Path, followed by the entry's name where the file is a zip. */
  readonly file: string
  /** From 1, the header included; in Parquet, the number of the row. */
  readonly line: number
}

/** A line that is not kept. */
export interface Refusal extends RowOrigin {
  /** One of few texts, so that refusals can be counted by reason. */
  readonly reason: string
  /** The line, shortened. */
  readonly text: string
}

/**
 * Lines of one interval, each either a row of `csv` or in `refused`: `linesRead === rows + refused.length`.
 * The bars of an instrument ascend, also where files follow each other, so no bar is in a batch twice.
 */
export interface BarBatch {
  readonly interval: KeptInterval
  /** Lines `instrument,ts,open,high,low,close,volume,turnover,trades`, each with its end, no header; null is empty. */
  readonly csv: string
  readonly rows: number
  /** Headers not included. */
  readonly linesRead: number
  readonly refused: readonly Refusal[]
  /** Where a row of `csv`, from 0, comes from. */
  readonly originOf: (row: number) => RowOrigin
  /** Bytes of the files that were consumed so far, all batches together, as they are on the disk: compressed ones as such. */
  readonly bytesRead: number
  /** Bytes of all files. */
  readonly bytesTotal: number
}

/** Gathers lines until they are taken as a batch. */
export interface BatchBuilder {
  readonly interval: KeptInterval
  readonly linesRead: () => number
  /** Whether the row comes after all rows of its instrument in this batch. */
  readonly fits: (row: KeptRow) => boolean
  readonly keep: (row: KeptRow, file: string, line: number) => void
  readonly refuse: (refusal: Refusal) => void
  readonly take: (bytesRead: number, bytesTotal: number) => BarBatch
}

const ROWS_PER_BLOCK = 100

export function createBatchBuilder(interval: KeptInterval): BatchBuilder {
  let csv: string[] = []
  let blocks: string[] = []
  let lines: number[] = []
  let files: { readonly file: string; readonly fromRow: number }[] = []
  let refused: Refusal[] = []
  const starts = new Map<string, number>()
  const joinBlock = () => {
    if (csv.length > 0) blocks.push(`${csv.join('\n')}\n`)
    csv = []
  }
  const linesRead = () => lines.length + refused.length
  return {
    interval,
    linesRead,
    fits: ({ instrument, startMs }) => (starts.get(instrument) ?? Number.NEGATIVE_INFINITY) < startMs,
    keep(row, file, line) {
      if (files.at(-1)?.file !== file) files.push({ file, fromRow: lines.length })
      lines.push(line)
      csv.push(row.csv)
      // Lines are trees of their parts until they are joined; joining them soon lets the parts die young.
      if (csv.length === ROWS_PER_BLOCK) joinBlock()
      starts.set(row.instrument, row.startMs)
    },
    refuse: (refusal) => refused.push(refusal),
    take(bytesRead, bytesTotal) {
      joinBlock()
      const [ownLines, ownFiles] = [lines, files]
      const batch: BarBatch = {
        interval,
        csv: blocks.join(''),
        rows: lines.length,
        linesRead: linesRead(),
        refused,
        originOf: (row) => ({
          file: ownFiles.findLast(({ fromRow }) => fromRow <= row)?.file ?? '',
          line: ownLines[row] ?? 0,
        }),
        bytesRead,
        bytesTotal,
      }
      blocks = []
      lines = []
      files = []
      refused = []
      starts.clear()
      return batch
    },
  }
}
