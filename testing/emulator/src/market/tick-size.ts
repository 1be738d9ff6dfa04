/** Tick size in cents at a price in cents, by the exchange's table for stocks and the coarser one for funds. */
export function tickCentsAt(priceCents: number, fund: boolean): number {
  if (fund) return priceCents < 5_000 ? 1 : 5
  if (priceCents < 1_000) return 1
  if (priceCents < 5_000) return 5
  if (priceCents < 10_000) return 10
  if (priceCents < 50_000) return 50
  return priceCents < 100_000 ? 100 : 500
}

/** The nearest price on the grid, at least one tick. */
export function toTick(priceCents: number, fund: boolean): number {
  const tick = tickCentsAt(priceCents, fund)
  return Math.max(tick, Math.round(priceCents / tick) * tick)
}

/** The daily limits around a reference price: 10 % up, rounded down, and 10 % down, rounded up. */
export function dailyLimitsCents(referenceCents: number, fund: boolean): { up: number; down: number } {
  const up = (referenceCents * 11) / 10
  const down = (referenceCents * 9) / 10
  const upTick = tickCentsAt(up, fund)
  const downTick = tickCentsAt(down, fund)
  return { up: Math.floor(up / upTick) * upTick, down: Math.ceil(down / downTick) * downTick }
}
