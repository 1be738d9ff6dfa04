import { Counter, Gauge, type Registry } from 'prom-client'
import type { SearchService } from './search-port.js'

/** What searches hold and cost: searches, who follows them, their bytes, and how often an answer was made or packed. */
export function searchMetrics(registry: Registry, search: SearchService): void {
  const registers = [registry]
  new Gauge({
    name: 'barkeep_searches',
    help: 'Searches that are held, by whether they run.',
    labelNames: ['state'],
    registers,
    collect() {
      const { kept, running } = search.stats()
      this.set({ state: 'running' }, running)
      this.set({ state: 'ended' }, kept - running)
    },
  })
  new Gauge({
    name: 'barkeep_search_followers',
    help: 'Callers that wait for something new of a search.',
    registers,
    collect() {
      this.set(search.stats().followers)
    },
  })
  new Gauge({
    name: 'barkeep_search_bytes',
    help: 'Memory for the hits of all searches.',
    registers,
    collect() {
      this.set(search.stats().bytes)
    },
  })
  counter(registers, 'barkeep_searches_started_total', 'Searches that were begun.', () => search.stats().started)
  counter(registers, 'barkeep_search_encodes_total', 'Answers that were made, or packed.', () => search.stats().encodes)
}

function counter(registers: Registry[], name: string, help: string, total: () => number): void {
  new Counter({
    name,
    help,
    registers,
    collect() {
      this.reset()
      this.inc(total())
    },
  })
}
