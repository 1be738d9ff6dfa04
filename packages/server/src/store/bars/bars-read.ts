import type { BarColumn, Exchange, Interval, KeptInterval } from '@barkeep/core'
import type { BarFactors } from './adjust-factors.js'

/** The bars of one exchange that a read asks for. */
export interface ExchangePart {
  readonly exchange: Exchange
  /** Numbers of the instruments. */
  readonly ids: readonly number[]
  /** Numbers of all instruments of the exchange, whose bars show when it had sessions. */
  readonly marketIds: readonly number[]
  /** Half-open window of bar starts, seconds since the epoch. */
  readonly startSeconds: number
  readonly endSeconds: number
}

export interface BarsRead {
  readonly interval: Interval
  readonly base: KeptInterval
  readonly parts: readonly ExchangePart[]
  readonly columns: readonly BarColumn[]
  /** Whether bars that may still change are wanted too. */
  readonly withUnfinished: boolean
  /** Whether bar starts without a trade get the last close. */
  readonly fillsPrevious: boolean
  /** What prices and volumes are multiplied by before anything else is made of them. */
  readonly factors?: BarFactors
  /** What this source said, whether it is kept or not; the kept bars where absent. */
  readonly source?: string
  readonly nowSeconds: number
  /** Only bars after this one, in the order of the answer. */
  readonly after?: { readonly id: number; readonly seconds: number }
  readonly limit?: number
  readonly offset?: number
}
