import {
  applyIncrement,
  type FoundHit,
  type Patch,
  type SearchHit,
  type SearchIncrement,
  type SearchState,
} from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SimulatedClock } from '../crawl/limiter/simulated-clock.contract.js'
import { hit, openFakeSearches, slowSource } from './fake-sources.contract.js'
import type { SearchRun } from './search-run.js'
import type { Searches } from './searches.js'

const QUERY = 'york'
const delaysMs = [20, 50, 150, 400, 1_000, 2_000, 4_000, 8_000, 14_000, 20_000]
const FLOOD = 10_000

/** Ten sources from 20 ms to 20 s: two fail, one of them midway, and one floods. Many find the same instruments. */
function tenSources(clock: SimulatedClock, flood: number) {
  return delaysMs.map((delayMs, number) => {
    const of = (first: number, count: number): FoundHit[] =>
      Array.from({ length: count }, (_, index) => {
        const n = first + index
        const isKnown = n % 3 > 0
        return hit({
          symbol: `${n}.${number}`,
          instrument: isKnown ? `TWSE:${n}` : null,
          isin: (n + number) % 4 === 0 ? `TW${String(n).padStart(9, '0')}0` : null,
          title: ['New York', '紐約', 'York', 'Nouvelle York'][(n + number) % 4] ?? '',
        })
      })
    if (number === 4) return slowSource(clock, 'fails at once', [], 'fails')
    if (number === 5) return slowSource(clock, 'fails midway', [{ afterMs: delayMs, hits: of(0, 30) }], 'fails')
    if (number === 6) return slowSource(clock, 'floods', [{ afterMs: delayMs, hits: of(0, flood) }])
    const pages = [1, 2, 3].map((page) => ({ afterMs: delayMs / 3, hits: of(number * 5 + page * 20, 25) }))
    return slowSource(clock, `source ${number}`, pages)
  })
}

/** A server that can be started anew: nothing of the life before is there then. */
class Lives {
  readonly clock = new SimulatedClock(1_000_000)
  /** Increments by their very body, read once however many clients get it. */
  readonly #read = new WeakMap<Buffer, unknown>()
  readonly seen = new Map<string, SearchIncrement>()
  readonly snapshots = new Map<string, readonly SearchHit[]>()
  readonly #flood: number
  searches: Searches
  #life = 0

  constructor(flood: number) {
    this.#flood = flood
    this.searches = this.#open()
  }

  async restart(): Promise<void> {
    const old = this.searches
    this.searches = this.#open()
    await old.close()
  }

  async body<Body>(run: SearchRun, from: number, to: number): Promise<Body | undefined> {
    const encoded = await run.body(from, to, 'hits', null)
    if (encoded === undefined) return undefined
    if (!this.#read.has(encoded.body)) this.#read.set(encoded.body, JSON.parse(encoded.body.toString()))
    const body = this.#read.get(encoded.body)
    if (from > 0) this.seen.set(`${run.uuid} ${from} ${to}`, body as SearchIncrement) // as searchBody writes it
    return body as Body // what the caller asks for by its versions
  }

  /** Notes what there is at each version. */
  async observe(): Promise<void> {
    const { searches } = this
    const run = await searches.search(QUERY)
    for (let version = 0; ; version = run.version) {
      this.snapshots.set(`${run.uuid} ${run.version}`, run.changes(0, run.version)?.insert ?? [])
      if (!run.isRunning || searches.isClosing) return
      if (run.version > version + 1 && version > 1) throw new Error('the observer missed a version')
      await run.changed(run.version, 60_000, new AbortController().signal)
    }
  }

  #open(): Searches {
    this.#life += 1
    // A name for each life, so that snapshots of two are not confused.
    const life = this.#life
    const { searches } = openFakeSearches(
      (clock) => tenSources(clock, this.#flood),
      { idleMs: 1e9, publishMs: 500 },
      this.clock,
    )
    Object.defineProperty(searches, 'epoch', { value: `life ${life}` })
    return searches
  }
}

const applied = new WeakMap<SearchState, Map<SearchIncrement, SearchState>>()

/** Applying is pure, so clients that were at the same version and got the same increment share what comes of it. */
function appliedOnce(state: SearchState, increment: SearchIncrement): SearchState {
  const known = applied.get(state) ?? new Map<SearchIncrement, SearchState>()
  applied.set(state, known)
  const next = known.get(increment) ?? applyIncrement(state, increment)
  known.set(increment, next)
  return next
}

/** A client that polls when it likes, and to which everything happens that happens to clients. */
async function client(lives: Lives, random: () => number): Promise<SearchState> {
  const { clock } = lives
  await clock.sleep(random() * 22_000)
  let state: SearchState | undefined
  for (;;) {
    const { searches } = lives
    if (state === undefined) {
      const run = await searches.search(QUERY)
      state = await lives.body<SearchState>(run, 0, run.version)
      if (state === undefined) continue
    }
    if (!state.running) return state
    const what = random()
    // A cut, a long pause, or a short one.
    if (what < 0.5) await clock.sleep(random() * (what < 0.05 ? 8_000 : 300))
    // A restart of the client.
    if (what > 0.98) {
      state = undefined
      continue
    }
    const run = lives.searches.find(state.uuid)
    if (run === undefined || run.epoch !== state.epoch) {
      state = undefined
      continue
    }
    const isThere = await run.changed(state.version, random() < 0.7 ? 5_000 : 0, new AbortController().signal)
    if (!isThere || lives.searches.find(state.uuid) !== run) {
      await clock.sleep(10)
      continue
    }
    const increment = await lives.body<SearchIncrement>(run, state.version, run.version)
    // An answer that was lost on its way.
    if (increment === undefined || random() < 0.05) continue
    const next = appliedOnce(state, increment)
    // And one that came twice.
    if (random() < 0.02) expect(() => applyIncrement(next, increment)).toThrow('does not fit')
    state = next
  }
}

async function play(clients: number, flood: number, seed: number, restartsAtMs: readonly number[]): Promise<void> {
  const lives = new Lives(flood)
  const random = mulberry(seed)
  const observers = [lives.observe()]
  const restarts = restartsAtMs.map(async (atMs) => {
    await lives.clock.sleep(atMs)
    await lives.restart()
    observers.push(lives.observe())
  })
  const work = Promise.all([
    ...restarts,
    ...Array.from({ length: clients }, () => client(lives, mulberry(random() * 1e9))),
  ])
  const all = await lives.clock.run(work)
  await lives.clock.run(Promise.all(observers))
  const states = all.slice(restarts.length) as SearchState[] // behind the restarts stand the clients
  const run = await lives.searches.search(QUERY)
  const truth = run.changes(0, run.version)?.insert ?? []
  expect(truth.length).toBeGreaterThan(flood)
  expect(run.head()).toMatchObject({ running: false, remains: [] })
  expect(run.head()?.errors.map(({ source, code }) => [source, code])).toEqual([
    ['fails at once', 'UPSTREAM_BANNED'],
    ['fails midway', 'UPSTREAM_BANNED'],
  ])
  const expected = truth.map(jsonOf)
  const right = new Set<readonly SearchHit[]>()
  for (const { hits, version, epoch } of states) {
    expect([version, epoch, hits.length]).toEqual([run.version, run.epoch, truth.length])
    if (right.has(hits)) continue
    right.add(hits)
    const wrong = hits.findIndex((one, index) => jsonOf(one) !== expected[index])
    expect(hits[wrong]).toEqual(truth[wrong])
  }
  expect(lives.seen.size).toBeGreaterThan(10)
  for (const [name, { hits_diff: changes, from, version }] of lives.seen) {
    const [uuid] = name.split(' ')
    const before = lives.snapshots.get(`${uuid} ${from}`)
    const after = lives.snapshots.get(`${uuid} ${version}`)
    if (before === undefined || after === undefined) throw new Error(`no snapshot of ${name}`)
    const least = difference(before, after)
    expect(changes.insert.map(jsonOf)).toEqual(least.insert.map(jsonOf))
    expect([...changes.update].sort((a, b) => a._idx - b._idx)).toEqual(least.update)
  }
}

const jsons = new WeakMap<object, string>()

/** Fields in one order; most records are the same object on all clients, and are written once. */
function jsonOf(record: object): string {
  const known = jsons.get(record) ?? JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
  jsons.set(record, known)
  return known
}

/** The least that makes one list of another: found by comparing all of both, as nothing but a test should. */
function difference(before: readonly SearchHit[], after: readonly SearchHit[]) {
  const update: Patch<SearchHit>[] = []
  for (const [index, known] of before.entries()) {
    const now = after[index]
    if (now === undefined) throw new Error('a record is gone')
    if (now === known) continue
    const fields = Object.entries(now).flatMap(([name, value]) => {
      const old = known[name as keyof SearchHit] // both are hits
      if (JSON.stringify(old) === JSON.stringify(value)) return []
      if (Array.isArray(value) && Array.isArray(old)) return [[name, value.slice(old.length)]]
      if (typeof value !== 'object' || value === null || typeof old !== 'object' || old === null) return [[name, value]]
      const entries = Object.entries(value).filter(([key, one]) => (old as Record<string, unknown>)[key] !== one)
      return [[name, Object.fromEntries(entries)]]
    })
    if (fields.length > 0) update.push({ _idx: index, ...Object.fromEntries(fields) })
  }
  return { insert: after.slice(before.length), update }
}

/** A small generator of random numbers out of a seed. */
function mulberry(seed: number): () => number {
  let state = Math.floor(seed)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe('ten sources from 20 ms to 20 s, of which two fail and one floods', () => {
  test('end as the same state on 1,000 clients that polled when they liked, through cuts and a restart', async () => {
    await play(1_000, FLOOD, 1, [9_000])
  })

  test('whatever the times are, and however often the server restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.nat(19_000), { maxLength: 2 }), (seed, restartsAtMs) =>
        play(20, 300, seed, restartsAtMs),
      ),
      { numRuns: 5 },
    )
  })
})
