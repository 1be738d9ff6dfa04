import { setImmediate } from 'node:timers/promises'
import { type FoundHit, upstreamError } from '@barkeep/core'
import { SimulatedClock } from '../crawl/limiter/simulated-clock.contract.js'
import type { SearchSource } from './search-source.js'
import { Searches, type SearchesSettings } from './searches.js'

export const settings: SearchesSettings = {
  ...{ searchesMax: 10, runningMax: 5, followersMax: 10_000, hitsMax: 50_000, hitsPerSourceMax: 50_000 },
  ...{ bytesMax: 1e9, encodedBytesMax: 1e8, packBytesMin: 1_000, logEntriesMax: 1_000 },
  ...{ sourceMsMax: 60_000, publishMs: 100, keepMs: 300_000, idleMs: 15_000 },
}

/** Searches over fake sources on a clock of their own. */
export function openFakeSearches(
  sources: (clock: SimulatedClock) => readonly SearchSource[],
  changed: Partial<SearchesSettings> = {},
  clock = new SimulatedClock(1_000_000),
) {
  let names = 0
  const failed: string[] = []
  const searches = new Searches({
    sources: sources(clock),
    clock,
    randomId: () => `${++names}`.padStart(8, '0'),
    settings: { ...settings, ...changed },
    onError: (source) => failed.push(source),
  })
  return { searches, clock, failed }
}

export function hit(fields: Partial<FoundHit>): FoundHit {
  return { symbol: 'S', instrument: null, isin: null, title: '', kind: 'stock', exchange: '', ...fields }
}

/** A source that gives a page after each delay, and then ends, or fails. */
export function slowSource(
  clock: SimulatedClock,
  id: string,
  pages: readonly { readonly afterMs: number; readonly hits: readonly FoundHit[] }[],
  end: 'ends' | 'fails' | 'hangs' = 'ends',
): SearchSource {
  return {
    id,
    async *search(_query, signal) {
      for (const { afterMs, hits } of pages) {
        await clock.sleep(afterMs, signal)
        yield hits
      }
      if (end === 'fails') throw upstreamError('UPSTREAM_BANNED', `${id} shows its wall.`)
      // Nothing ever comes, and it does not listen to anybody.
      if (end === 'hangs') await new Promise(() => {})
    },
  }
}

/** Lets work that waits for no clock go on for a while. */
export async function settled(turns = 50): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
}
