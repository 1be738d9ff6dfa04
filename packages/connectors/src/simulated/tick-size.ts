import type { InstrumentKind } from '@barkeep/core'

/**
 * Tick size in cents at a price in cents, by the table of the Taiwan Stock Exchange.
 * Each band ends on a multiple of both its own tick and the next one, so rounding across a band stays on the grid.
 */
export type TickSize = (priceCents: number) => number

export function tickSizeOf(kind: InstrumentKind): TickSize {
  return kind === 'etf' ? etfTickCents : stockTickCents
}

export function stockTickCents(priceCents: number): number {
  if (priceCents < 1_000) return 1
  if (priceCents < 5_000) return 5
  if (priceCents < 10_000) return 10
  if (priceCents < 50_000) return 50
  return priceCents < 100_000 ? 100 : 500
}

export function etfTickCents(priceCents: number): number {
  return priceCents < 5_000 ? 1 : 5
}

/** The nearest price on the grid. */
export function roundToTick(tickSize: TickSize, cents: number): number {
  const tick = tickSize(cents)
  return Math.round(cents / tick) * tick
}

export function floorToTick(tickSize: TickSize, cents: number): number {
  const tick = tickSize(cents)
  return Math.floor(cents / tick) * tick
}

export function ceilToTick(tickSize: TickSize, cents: number): number {
  const tick = tickSize(cents)
  return Math.ceil(cents / tick) * tick
}
