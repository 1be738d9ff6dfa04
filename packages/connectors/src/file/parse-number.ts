const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const grouped = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/

/** A decimal number, thousand commas allowed; undefined for anything else, so that `12a`, `0x1f` and `` never pass. */
export function parseNumber(text: string): number | undefined {
  if (plain.test(text)) return Number(text)
  return grouped.test(text) ? Number(text.replaceAll(',', '')) : undefined
}

/** So many digits are below 2^53, and so are their powers of ten: then one division rounds just as `Number` does. */
const DIGITS_MAX = 15
const powersOfTen = Array.from({ length: DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent)
const [ZERO, NINE, POINT] = [48, 57, 46]

/**
 * The number of `text.slice(from, to)` where that is nothing but up to 15 digits, one point among or after them;
 * undefined for all else, which may still be a number.
 */
export function readDecimal(text: string, from: number, to: number): number | undefined {
  let digits = 0
  let decimals = -1
  let whole = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) {
      whole = whole * 10 + (code - ZERO)
      digits += 1
      if (decimals >= 0) decimals += 1
    } else if (code === POINT && decimals < 0 && digits > 0) decimals = 0
    else return undefined
  }
  if (digits === 0 || digits > DIGITS_MAX) return undefined
  return decimals > 0 ? whole / (powersOfTen[decimals] ?? 1) : whole
}
