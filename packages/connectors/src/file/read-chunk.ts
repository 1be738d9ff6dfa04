import type { Refusal } from './bar-batch.js'
import type { KeptRow } from './read-row.js'

/** Rows of a file that follow each other, each kept or refused. */
export interface ReadChunk {
  /** Path, followed by the entry's name where the file is a zip. */
  readonly file: string
  /** Of the first of `results`, from 1. */
  readonly firstLine: number
  readonly results: readonly (KeptRow | Refusal)[]
  /** Bytes of the file consumed so far, as they are on the disk. */
  readonly bytesRead: number
}
