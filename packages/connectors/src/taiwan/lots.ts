const SHARES_PER_LOT = 1_000

/** Funds that are traded in another currency; the lot of some of them has 100 shares. */
const inOtherCurrency = /^\d{5}[CKMS]$/

/** Shares in a lot of a security; undefined where its code alone does not tell. */
export function sharesPerLot(symbol: string): number | undefined {
  return inOtherCurrency.test(symbol) ? undefined : SHARES_PER_LOT
}
