import { upstreamError } from '@barkeep/core'

const SHARES_PER_LOT = 1_000

/** Funds that are traded in another currency; the lot of some of them has 100 shares. */
const inOtherCurrency = /^\d{5}[CKMS]$/

/** Shares in a lot of a security; undefined where its code alone does not tell. */
export function sharesPerLot(symbol: string): number | undefined {
  return inOtherCurrency.test(symbol) ? undefined : SHARES_PER_LOT
}

/** The same for bars of an upstream that counts lots. Throws UPSTREAM_REFUSED: a volume in lots of unknown size is none. */
export function lotOf(symbol: string, upstream: string): number {
  const lot = sharesPerLot(symbol)
  if (lot !== undefined) return lot
  throw upstreamError(
    'UPSTREAM_REFUSED',
    `${upstream} counts ${symbol} in lots, and how many shares a lot of it has is not known.`,
  )
}
