import type { KeptInterval } from '@barkeep/core'
import type { Store } from '../store.js'
import { type BarsReach, meets } from './bars-turns.js'

type Span = Pick<BarsReach, 'firstSeconds' | 'lastSeconds'>

/**
 * Who has told bars of an interval at all, and from when to when at most. Most stores hear each from one source, and a live bar
 * is later than what others told; then nobody needs to look for others among the bars.
 */
export class ToldSources {
  readonly #store: Store
  readonly #known = new Map<KeptInterval, Promise<Map<string, Span>>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** To be called before bars are written, so that a write that breaks off is none that nobody knows of. */
  async add(source: string, { interval, firstSeconds, lastSeconds }: BarsReach): Promise<void> {
    const spans = await this.#of(interval)
    const { firstSeconds: first, lastSeconds: last } = spans.get(source) ?? { firstSeconds, lastSeconds }
    spans.set(source, { firstSeconds: Math.min(first, firstSeconds), lastSeconds: Math.max(last, lastSeconds) })
  }

  async hasOthers(interval: KeptInterval, source: string): Promise<boolean> {
    const spans = await this.#of(interval)
    return spans.size > (spans.has(source) ? 1 : 0)
  }

  /** Whether others may have told bars of the same time. */
  async hasOthersIn(reach: BarsReach, source: string): Promise<boolean> {
    const others = [...(await this.#of(reach.interval))].filter(([other]) => other !== source)
    return others.some(([, span]) => meets({ interval: reach.interval, ...span }, reach))
  }

  /** What was kept before this process began may be of any time that the table has: asking for each source would read all. */
  #of(interval: KeptInterval): Promise<Map<string, Span>> {
    const known = this.#known.get(interval)
    if (known !== undefined) return known
    const edge = (which: 'min' | 'max') => `(SELECT toUnixTimestamp(${which}(ts)) FROM bars_${interval})`
    const asked = this.#store
      .rows<Span & { readonly source: string }>(
        `SELECT DISTINCT source, ${edge('min')} AS firstSeconds, ${edge('max')} AS lastSeconds FROM bars_${interval}`,
      )
      .then((rows) => new Map(rows.map(({ source, ...span }) => [source, span])))
    this.#known.set(interval, asked)
    asked.catch(() => this.#known.delete(interval))
    return asked
  }
}
