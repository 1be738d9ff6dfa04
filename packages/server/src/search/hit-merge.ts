import type { FoundHit, SearchHit } from '@barkeep/core'
import type { ChangeLog } from './change-log.js'
import { relevance } from './relevance.js'

/**
 * Merges what sources find into records that grow. The same instrument is the same record; an ISIN joins what has no
 * instrument of its own, since listings on two exchanges share it; else a source's symbol tells a thing from others.
 */
export class HitMerge {
  readonly #log: ChangeLog<SearchHit, unknown>
  readonly #query: string
  readonly #places = new Map<string, number>()

  /** The query is folded. */
  constructor(log: ChangeLog<SearchHit, unknown>, query: string) {
    this.#log = log
    this.#query = query
  }

  /** Takes in what a source found; gives whether that made a new record. */
  take(source: string, found: FoundHit): boolean {
    const own = `symbol ${source} ${found.symbol}`
    const place = this.#placeOf(found, own)
    if (place === undefined) {
      this.#remember(found, own, this.#log.insert(newHit(source, found, this.#query)))
      return true
    }
    const known = this.#log.at(place)
    if (known !== undefined) {
      const fields = news(known, source, found, this.#query)
      if (Object.keys(fields).length > 0) this.#log.update(place, fields)
      this.#markSame(found, place, known.id)
    }
    this.#remember(found, own, place)
    return false
  }

  #placeOf({ instrument, isin }: FoundHit, own: string): number | undefined {
    const byInstrument = instrument === null ? undefined : this.#places.get(`instrument ${instrument}`)
    if (byInstrument !== undefined) return byInstrument
    const byIsin = isin === null ? undefined : this.#places.get(`isin ${isin}`)
    const candidate = byIsin ?? this.#places.get(own)
    if (candidate === undefined || instrument === null) return candidate
    const told = this.#log.at(candidate)?.instrument ?? null
    return told === null || told === instrument ? candidate : undefined
  }

  #remember({ instrument, isin }: FoundHit, own: string, place: number): void {
    if (instrument !== null) this.#places.set(`instrument ${instrument}`, place)
    if (isin !== null && !this.#places.has(`isin ${isin}`)) this.#places.set(`isin ${isin}`, place)
    if (!this.#places.has(own)) this.#places.set(own, place)
  }

  /** Two records that turn out to be one stay where they are; the one without an instrument points to the other. */
  #markSame({ isin }: FoundHit, place: number, id: string): void {
    const other = isin === null ? undefined : this.#places.get(`isin ${isin}`)
    if (other === undefined || other === place) return
    const hit = this.#log.at(other)
    if (hit !== undefined && hit.instrument === null && hit.same_as === null) this.#log.update(other, { same_as: id })
  }
}

function newHit(source: string, found: FoundHit, query: string): SearchHit {
  const { symbol, instrument, isin, title, kind, exchange, url } = found
  return {
    id: instrument ?? `${source}/${symbol}`,
    kind,
    title,
    instrument,
    isin,
    exchange,
    names: title === '' ? [] : [title],
    symbols: { [source]: symbol },
    url: url === undefined ? {} : { [source]: url },
    sources: [source],
    score: relevance(found, query),
    same_as: null,
  }
}

/** Only what a record did not have, so that an increment carries nothing twice. */
function news(known: SearchHit, source: string, found: FoundHit, query: string): Partial<SearchHit> {
  const { symbol, instrument, isin, title, kind, exchange, url } = found
  const score = relevance(found, query)
  return {
    ...(known.instrument === null && instrument !== null && { instrument }),
    ...(known.isin === null && isin !== null && { isin }),
    ...(known.title === '' && title !== '' && { title }),
    ...(known.exchange === '' && exchange !== '' && { exchange }),
    ...(known.kind === 'other' && kind !== 'other' && { kind }),
    ...(title !== '' && !known.names.includes(title) && { names: [title] }),
    ...(!Object.hasOwn(known.symbols, source) && { symbols: { [source]: symbol } }),
    ...(url !== undefined && !Object.hasOwn(known.url, source) && { url: { [source]: url } }),
    ...(!known.sources.includes(source) && { sources: [source] }),
    ...(score > known.score && { score }),
  }
}
