import type { FoundHit } from '@barkeep/core'

/** What is compared: without case, without the difference of full and half width, one blank between words. */
export function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim()
}

/** What a source found for other reasons than the words. */
const FOUND_SCORE = 10

/**
 * How well a thing fits words that were folded: 100 for the very symbol, 10 for what a source found for reasons of its
 * own. The order of things is fixed by how a reader knows them: by symbol or ISIN, then by name.
 */
export function relevance({ symbol, instrument, isin, title }: FoundHit, query: string): number {
  const name = folded(title)
  const bare = folded(instrument === null ? symbol : (instrument.split(':')[1] ?? ''))
  if ([bare, folded(symbol), folded(instrument ?? ''), folded(isin ?? '')].includes(query)) return 100
  if (name === query) return 90
  if (bare.startsWith(query)) return 80
  if (name.startsWith(query)) return 70
  if (name.includes(` ${query}`)) return 60
  if (name.includes(query)) return 50
  return hasAllWords(`${folded(instrument ?? symbol)} ${name}`, query) ? 30 : FOUND_SCORE
}

/** Whether a folded text has every word of a folded query. */
export function hasAllWords(text: string, query: string): boolean {
  return query.split(' ').every((word) => text.includes(word))
}
