import type { KeptInterval } from '@barkeep/core'

/** A line that is not kept. */
export interface Refusal {
  /** Path, followed by the entry's name where the file is a zip. */
  readonly file: string
  /** From 1, the header included. */
  readonly line: number
  /** One of few texts, so that refusals can be counted by reason. */
  readonly reason: string
  /** The line, shortened. */
  readonly text: string
}

/** Lines of one interval, each either a row of `csv` or in `refused`: `linesRead === rows + refused.length`. */
export interface BarBatch {
  readonly interval: KeptInterval
  /** Lines `instrument,ts,open,high,low,close,volume,turnover,trades`, each with its end, no header; null is empty. */
  readonly csv: string
  readonly rows: number
  /** Headers not included. */
  readonly linesRead: number
  readonly refused: readonly Refusal[]
}

/** Gathers lines until they are taken as a batch. */
export interface BatchBuilder {
  readonly interval: KeptInterval
  readonly linesRead: () => number
  readonly add: (line: string | Refusal) => void
  readonly take: () => BarBatch
}

export function createBatchBuilder(interval: KeptInterval): BatchBuilder {
  let kept: string[] = []
  let refused: Refusal[] = []
  const linesRead = () => kept.length + refused.length
  return {
    interval,
    linesRead,
    add(line) {
      if (typeof line === 'string') kept.push(line)
      else refused.push(line)
    },
    take() {
      const csv = kept.length === 0 ? '' : `${kept.join('\n')}\n`
      const batch = { interval, csv, rows: kept.length, linesRead: linesRead(), refused }
      kept = []
      refused = []
      return batch
    },
  }
}
