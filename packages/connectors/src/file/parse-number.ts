const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const grouped = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/

/** A decimal number, thousand commas allowed; undefined for anything else, so that `12a`, `0x1f` and `` never pass. */
export function parseNumber(text: string): number | undefined {
  if (plain.test(text)) return Number(text)
  return grouped.test(text) ? Number(text.replaceAll(',', '')) : undefined
}
