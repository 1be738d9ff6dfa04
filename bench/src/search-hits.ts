import type { SearchHit } from '@barkeep/core'

/** Hits as a search merges them: a name in two scripts, symbols and links of two sources. */
export function searchHits(first: number, count: number): SearchHit[] {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index
    // A whirl of digits, so that names are not more alike than names are.
    const code = (n * 7_919) % 1_000_003
    return {
      id: `TWSE:${n}`,
      kind: 'stock',
      title: `台灣${code}公司`,
      instrument: `TWSE:${n}`,
      isin: `TW000${String(code).padStart(7, '0')}`,
      exchange: 'TWSE',
      names: [`台灣${code}公司`, `Taiwan ${code.toString(36)} Manufacturing Co., Ltd.`],
      symbols: { instruments: `TWSE:${n}`, yahoo: `${n}.TW` },
      url: { instruments: `/v1/instruments/TWSE:${n}`, yahoo: `https://finance.yahoo.com/quote/${n}.TW` },
      sources: ['instruments', 'yahoo'],
      score: 10 + (code % 90),
      same_as: null,
    }
  })
}

/** What a third source adds to a hit that is there. */
export function lateNews(hit: SearchHit): Partial<SearchHit> {
  return {
    names: [`${hit.title} (late)`],
    symbols: { twse: hit.id.slice('TWSE:'.length) },
    sources: ['twse'],
    score: Math.min(100, hit.score + 10),
  }
}
