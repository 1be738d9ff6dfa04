import { describe, expect, onTestFinished, test } from 'vitest'
import type { SimulatedClock } from '../crawl/limiter/simulated-clock.contract.js'
import { hit, openFakeSearches, settled, slowSource } from './fake-sources.contract.js'
import type { SearchRun } from './search-run.js'
import type { SearchSource } from './search-source.js'
import type { SearchesSettings } from './searches.js'

const never = new AbortController().signal

function open(sources: (clock: SimulatedClock) => readonly SearchSource[], settings: Partial<SearchesSettings> = {}) {
  const opened = openFakeSearches(sources, settings)
  onTestFinished(() => opened.searches.close())
  const { clock, searches } = opened
  return { ...opened, search: (query: string) => clock.run(searches.search(query)) }
}

const ids = (run: SearchRun) => run.changes(0, run.version)?.insert.map(({ id }) => id)
const page = (afterMs: number, ...symbols: string[]) => ({ afterMs, hits: symbols.map((symbol) => hit({ symbol })) })

describe('a search', () => {
  test('is answered with what is there at once, and the slow are awaited by nobody', async () => {
    const { search, clock } = open((clock) => [
      slowSource(clock, 'fast', [page(0, 'A')]),
      slowSource(clock, 'slow', [page(20_000, 'B')]),
    ])
    const startedMs = clock.now()
    const run = await search('x')
    expect(clock.now() - startedMs).toBeLessThanOrEqual(50)
    expect(ids(run)).toEqual(['fast/A'])
    expect(run.head()).toMatchObject({ running: true, remains: expect.arrayContaining(['slow']) })
    while (run.version < 4) expect(await clock.run(run.changed(run.version, 60_000, never))).toBe(true)
    expect(ids(run)).toEqual(['fast/A', 'slow/B'])
  })

  test('of a source that hangs, and listens to nobody, ends without it and says so', async () => {
    const { search, clock, failed } = open(
      (clock) => [slowSource(clock, 'hangs', [page(10, 'A')], 'hangs'), slowSource(clock, 'fine', [page(10, 'B')])],
      { sourceMsMax: 5_000, idleMs: 1e9 },
    )
    const run = await search('x')
    await clock.run(run.ended)
    expect(ids(run)).toEqual(['hangs/A', 'fine/B'])
    expect(run.head()).toMatchObject({ running: false, errors: [{ source: 'hangs', code: 'REQUEST_TIMEOUT' }] })
    expect(failed).toEqual(['hangs'])
  })

  test('keeps what a source gave before it failed, and tells the reason in words of ours', async () => {
    const broken: SearchSource = {
      id: 'broken',
      async *search() {
        yield [hit({ symbol: 'A' })]
        throw new TypeError('/home/secret/path')
      },
    }
    const { search, clock } = open((clock) => [broken, slowSource(clock, 'banned', [], 'fails')])
    const run = await search('x')
    await clock.run(run.ended)
    expect(ids(run)).toEqual(['broken/A'])
    expect(
      run
        .head()
        ?.errors.map(({ source, code }) => [source, code])
        .sort(),
    ).toEqual([
      ['banned', 'UPSTREAM_BANNED'],
      ['broken', 'INTERNAL_ERROR'],
    ])
    expect(JSON.stringify(run.head())).not.toContain('secret')
  })

  test('that is flooded takes as many hits as it may, and the other sources bring theirs', async () => {
    const flood = Array.from({ length: 3_000 }, (_, n) => hit({ symbol: `F${n}` }))
    const { search, clock } = open(
      (clock) => [
        slowSource(clock, 'flood', [{ afterMs: 0, hits: flood }]),
        slowSource(clock, 'calm', [page(30, 'A')]),
      ],
      { hitsPerSourceMax: 1_000 },
    )
    const run = await search('x')
    await clock.run(run.ended)
    expect(ids(run)).toHaveLength(1_001)
    expect(run.head()?.errors).toMatchObject([{ source: 'flood', code: 'REQUEST_TOO_COMPLEX' }])
  })

  test('makes one version of many small pages, but shows the first at once', async () => {
    const pages = Array.from({ length: 100 }, (_, n) => page(5, `P${n}`))
    const { search, clock } = open((clock) => [slowSource(clock, 'pages', pages)], { publishMs: 100 })
    const run = await search('x')
    expect(run.version).toBe(2)
    await clock.run(run.ended)
    expect(ids(run)).toHaveLength(100)
    expect(run.version).toBeLessThan(10)
  })

  test('of the same words in another writing is the same search', async () => {
    const { searches, search } = open((clock) => [slowSource(clock, 'slow', [page(1_000, 'A')])])
    const run = await search('New York')
    expect(await search('  new  ｙｏｒｋ ')).toBe(run)
    expect(await search('new yorker')).not.toBe(run)
    expect(searches.stats()).toMatchObject({ kept: 2, running: 2, started: 2 })
  })

  test('that nobody follows is cancelled, and who asks again gets a new one', async () => {
    let isAborted = false
    const source: SearchSource = {
      id: 'slow',
      search: async function* (_query, signal) {
        signal.addEventListener('abort', () => {
          isAborted = true
        })
        yield [hit({ symbol: 'A' })]
        await new Promise(() => {})
      },
    }
    const { search, clock } = open(() => [source], { idleMs: 15_000 })
    const run = await search('x')
    expect(await clock.run(run.changed(run.version, 14_000, never))).toBe(false)
    await clock.pass(14_000)
    expect([run.isRunning, isAborted]).toEqual([true, false])
    await clock.pass(3_000)
    expect([run.isRunning, isAborted]).toEqual([false, true])
    expect(run.head()?.errors).toMatchObject([{ source: 'slow', code: 'CANCELLED_REQUEST' }])
    expect(await search('x')).not.toBe(run)
  })

  test('is kept for a while after its end, and then forgotten', async () => {
    const { search, searches, clock } = open((clock) => [slowSource(clock, 'fast', [page(0, 'A')])], { keepMs: 60_000 })
    const run = await search('x')
    await clock.pass(50_000)
    expect(searches.find(run.uuid)).toBe(run)
    await clock.pass(20_000)
    expect(searches.find(run.uuid)).toBeUndefined()
    expect(searches.stats().bytes).toBe(0)
  })

  test('is refused for words that are none, and for a source that is not there', async () => {
    const { searches } = open((clock) => [slowSource(clock, 'yahoo', [])])
    await expect(searches.search('  ')).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
    await expect(searches.search('x'.repeat(201))).rejects.toThrow('200 characters')
    await expect(searches.search('x', ['yaho'])).rejects.toThrow("Did you mean 'yahoo'?")
  })
})

describe('searches together', () => {
  const slow = (clock: SimulatedClock) => [slowSource(clock, 'slow', [page(10_000, 'A')])]

  test('run so many at a time, and no more', async () => {
    const { search, clock } = open(slow, { runningMax: 2 })
    await search('a')
    await search('b')
    await expect(search('c')).rejects.toMatchObject({ code: 'OVER_CAPACITY', retry: { afterMs: 1_000 } })
    await clock.pass(11_000)
    expect(await search('c')).toBeDefined()
  })

  test('let the oldest go where there are too many', async () => {
    const { search, searches, clock } = open((clock) => [slowSource(clock, 'fast', [page(0, 'A')])], {
      searchesMax: 2,
    })
    const [first, second] = [await search('a'), await search('b')]
    await clock.pass(200)
    await search('c')
    expect([searches.find(first.uuid), searches.find(second.uuid)]).toEqual([undefined, second])
  })

  test('hold no more bytes than they may, and say what was left out', async () => {
    const pages = Array.from({ length: 20 }, (_, n) => page(200, ...Array.from({ length: 100 }, (_, m) => `${n}-${m}`)))
    const { search, clock, searches } = open((clock) => [slowSource(clock, 'big', pages)], { bytesMax: 200_000 })
    const run = await search('x')
    await clock.run(run.ended)
    expect(run.head()?.errors).toMatchObject([{ source: 'big', code: 'OVER_CAPACITY' }])
    // One page beyond, since only what is published is counted.
    expect(searches.stats().bytes).toBeLessThan(2 * 200_000)
  })

  test('let so many callers wait, and no more', async () => {
    const { search, searches, clock } = open(slow, { followersMax: 2 })
    const run = await search('x')
    const waiting = [run.changed(run.version, 5_000, never), run.changed(run.version, 5_000, never)]
    expect(() => searches.admitFollower()).toThrow('search.followersMax')
    await clock.run(Promise.all(waiting))
    expect(() => searches.admitFollower()).not.toThrow()
  })

  test('wake who waits when the server stops, and do not say that they have ended', async () => {
    const { search, searches, clock } = open(slow)
    const run = await search('x')
    const waiting = run.changed(run.version, 60_000, never)
    await searches.close()
    expect(await clock.run(waiting)).toBe(false)
    expect([run.isRunning, searches.isClosing]).toEqual([true, true])
  })
})

describe('what is sent', () => {
  test('of versions that are too old is nothing, and of all there is everything', async () => {
    const pages = Array.from({ length: 20 }, (_, n) => page(200, `P${n}`))
    const { search, clock } = open((clock) => [slowSource(clock, 'pages', pages)], { logEntriesMax: 4 })
    const run = await search('x')
    await clock.run(run.ended)
    expect([run.head(1), run.body(1, run.version, 'hits', null)]).toEqual([undefined, undefined])
    const all = await run.body(0, run.version, 'hits', null)
    expect(JSON.parse(all?.body.toString() ?? '').hits).toHaveLength(20)
    const last = await run.body(run.version - 1, run.version, 'hits', null)
    expect(JSON.parse(last?.body.toString() ?? '')).toMatchObject({ from: run.version - 1, version: run.version })
  })

  test('is made once and packed once for all who ask at the same time', async () => {
    const symbols = Array.from({ length: 100 }, (_, n) => `S${n}`)
    const { search, searches } = open((clock) => [slowSource(clock, 'fast', [page(0, ...symbols)])])
    const run = await search('x')
    await settled()
    const asked = Array.from({ length: 1_000 }, () => run.body(1, run.version, 'envelope', 'gzip'))
    const bodies = new Set((await Promise.all(asked)).map((encoded) => encoded?.body))
    expect(bodies.size).toBe(1)
    expect(searches.stats().encodes).toBe(2)
  })
})
