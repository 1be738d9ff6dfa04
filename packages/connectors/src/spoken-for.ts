import type { Coverage } from '@barkeep/core'
import { addDays, earlier, later } from './date-steps.js'

/** How far a page can be believed about days: `YYYY-MM-DD`, both inclusive. */
export interface Trust {
  /** The last session date whose numbers no longer change. */
  readonly settledThrough: string
  /** The last date whose absence from a page means that nothing was traded, and not that the page is late. */
  readonly silentThrough: string
}

/**
 * What a page about `[start, end)` covers: up to the last day that is settled, or that can be missing for good.
 * Empty where it speaks for no day yet. `lastRow` is the last session date that the page has, if any.
 */
export function spokenFor(
  { scope, of, start, end }: Coverage,
  lastRow: string | undefined,
  { settledThrough, silentThrough }: Trust,
): Coverage[] {
  const told = lastRow === undefined ? silentThrough : later(silentThrough, earlier(lastRow, settledThrough))
  const until = earlier(end, addDays(told, 1))
  return start < until ? [{ scope, of, start, end: until }] : []
}
