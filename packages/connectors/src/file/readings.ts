import type { BarBatch } from './bar-batch.js'

interface Reading {
  readonly batches: AsyncGenerator<BarBatch, void, undefined>
  /** Number of the batch that comes next. */
  readonly part: number
}

export interface Readings {
  /**
   * The batch of a number, undefined behind the last one. Where the one before was the last that was read of the file,
   * reading goes on; otherwise the file is read from its start, and what comes before is passed over.
   */
  read(file: string, part: number, open: () => Reading['batches']): Promise<BarBatch | undefined>
}

/** Files that stay open between two of their parts, at most `openMax`: the one that waited longest is closed. */
export function createReadings(openMax: number): Readings {
  const waiting = new Map<string, Reading>()
  return {
    async read(file, part, open) {
      const known = waiting.get(file)
      waiting.delete(file)
      let reading = known
      if (known === undefined || known.part > part) {
        await known?.batches.return()
        reading = undefined
      }
      const batches = reading?.batches ?? open()
      let batch: BarBatch | undefined
      for (let number = reading?.part ?? 0; number <= part; number++) {
        const next = await batches.next()
        if (next.done === true) return undefined
        batch = next.value
      }
      // Two tasks may have read the same file at the same time.
      await waiting.get(file)?.batches.return()
      waiting.delete(file)
      waiting.set(file, { batches, part: part + 1 })
      const [oldest] = waiting
      if (waiting.size > openMax && oldest !== undefined) {
        waiting.delete(oldest[0])
        await oldest[1].batches.return()
      }
      return batch
    },
  }
}
