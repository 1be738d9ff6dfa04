const grouped = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/
const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)$/

/** What stands in place of a price or a ratio that there is none of. */
const nothingMarks: ReadonlySet<string> = new Set(['', '-', '--', '---', 'N/A'])

/** The number in a cell, thousand commas allowed; null for the marks of nothing, undefined for anything else. */
export function parseCell(text: string): number | null | undefined {
  const bare = text.trim()
  if (nothingMarks.has(bare)) return null
  if (plain.test(bare)) return Number(bare)
  return grouped.test(bare) ? Number(bare.replaceAll(',', '')) : undefined
}
