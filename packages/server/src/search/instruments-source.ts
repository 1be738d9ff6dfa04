import type { FoundHit, Instrument } from '@barkeep/core'
import { folded, hasAllWords, relevance } from './relevance.js'
import type { SearchSource } from './search-source.js'

/** The instruments that the store knows, best first: there at once, because the catalog is held in memory. */
export function createInstrumentsSource(catalog: { readonly instruments: readonly Instrument[] }): SearchSource {
  return {
    id: 'instruments',
    async *search(query) {
      const words = folded(query)
      const found = catalog.instruments
        .filter(({ instrument, name, isin }) => hasAllWords(folded(`${instrument} ${name} ${isin ?? ''}`), words))
        .map(hitOf)
      yield found.sort((a, b) => relevance(b, words) - relevance(a, words))
    },
  }
}

function hitOf({ instrument, isin, name, kind, exchange }: Instrument): FoundHit {
  return { symbol: instrument, instrument, isin, title: name, kind, exchange, url: `/v1/instruments/${instrument}` }
}
