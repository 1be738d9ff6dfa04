/** Intervals that are kept, each in a table of its own. */
export const keptIntervals = ['1m', '1h', '1d'] as const
export type KeptInterval = (typeof keptIntervals)[number]

/** Intervals that are derived when they are read, and from which kept one. */
export const derivedIntervals = {
  '5m': '1m',
  '15m': '1m',
  '30m': '1m',
  '4h': '1h',
  '1w': '1d',
  '1mo': '1d',
} as const satisfies Record<string, KeptInterval>
export type DerivedInterval = keyof typeof derivedIntervals

export type Interval = KeptInterval | DerivedInterval
export const intervals: readonly Interval[] = ['1m', '5m', '15m', '30m', '1h', '4h', '1d', '1w', '1mo']

/** Nominal length in minutes of an interval within a session; undefined for those of whole session dates. */
export function intervalMinutes(interval: Interval): number | undefined {
  return {
    '1m': 1,
    '5m': 5,
    '15m': 15,
    '30m': 30,
    '1h': 60,
    '4h': 240,
    '1d': undefined,
    '1w': undefined,
    '1mo': undefined,
  }[interval]
}

export function isInterval(text: string): text is Interval {
  return (intervals as readonly string[]).includes(text)
}

export function isKeptInterval(text: string): text is KeptInterval {
  return (keptIntervals as readonly string[]).includes(text)
}

/** The kept interval whose bars make up `interval`: itself when it is kept. */
export function baseInterval(interval: Interval): KeptInterval {
  return isKeptInterval(interval) ? interval : derivedIntervals[interval]
}

/** Whether bars of `base` can be summed up to bars of `interval`: base is kept, and finer or the same. */
export function isBaseOf(base: KeptInterval, interval: Interval): boolean {
  return intervals.indexOf(base) <= intervals.indexOf(interval)
}
