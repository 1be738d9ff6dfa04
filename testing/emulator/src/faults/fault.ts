/** What can go wrong with one answer. */
export const faultKinds = [
  'cut',
  'trickle',
  'status',
  'html',
  'captcha',
  'charset',
  'column-added',
  'column-moved',
  'duplicate-rows',
  'clock-skew',
  'drop',
  'empty',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** A fault as a test or a person orders it. */
export interface FaultOrder {
  readonly kind: FaultKind
  /** Only requests whose path and query match; all when absent. */
  readonly match?: RegExp
  /** How many requests it strikes before it is used up; `always` when absent. */
  readonly times?: number | 'always'
  /** Chance that it strikes a request that matches, 1 when absent; drawn from `seed`, so a run can be repeated. */
  readonly probability?: number
  readonly seed?: number
  /** `status`: what to answer; 503 when absent. */
  readonly status?: number
  /** `cut`: the part of the body that is sent, 0 to 1; one half when absent. */
  readonly fraction?: number
  /** `trickle`: bytes at a time, 64 when absent, and the pause between, 20 ms when absent. */
  readonly bytes?: number
  readonly pauseMs?: number
  /** `clock-skew`: added to the upstream's clock; one hour when absent. */
  readonly skewMs?: number
  /** `duplicate-rows`: how many of the first rows come twice; 1 when absent. */
  readonly rows?: number
}

/** A fault with nothing left open. */
export interface Fault {
  readonly kind: FaultKind
  readonly status: number
  readonly fraction: number
  readonly bytes: number
  readonly pauseMs: number
  readonly skewMs: number
  readonly rows: number
}

export function faultOf(order: FaultOrder): Fault {
  const { kind, status = 503, fraction = 0.5, bytes = 64, pauseMs = 20, skewMs = 3_600_000, rows = 1 } = order
  return { kind, status, fraction, bytes, pauseMs, skewMs, rows }
}
