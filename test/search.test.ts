import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { applyIncrement, type SearchIncrement, type SearchState } from '@barkeep/core'
import { type Emulator, startEmulator } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

let directory: string
let emulator: Emulator
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-search-'))
  emulator = await startEmulator({ limits: { twse: [], yahoo: [], worldtradingdata: [] } })
  server = await start()
  const client = createClient({ url: server.url })
  await client.createInstruments([
    { instrument: 'NYSE:NYT', name: '紐約時報', kind: 'stock', isin: 'US6501111073', listed: null, delisted: null },
    { instrument: 'SIM:NEW', name: 'New York Ferries', kind: 'stock', isin: null, listed: null, delisted: null },
  ])
  const birds = [
    { BirdNo: 1, CommonName: '紐約知更鳥', Place: 'New York' },
    { BirdNo: 2, CommonName: '麻雀', Place: '台北' },
  ]
  await client.dataset('birds').insert(JSON.stringify(birds), { contentType: 'application/json', key: ['BirdNo'] })
})
afterEach(() => emulator.faults.clear())
afterAll(async () => {
  await server?.close()
  await emulator?.close()
  rmSync(directory, { recursive: true })
})

function start(flags: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const of = (id: 'twse' | 'yahoo' | 'worldtradingdata') => ({
    [`connectors.${id}.baseUrl`]: emulator.url(id),
    [`connectors.${id}.limits`]: JSON.stringify([{ requests: 1_000, perMs: 1, per: 'host' }]),
  })
  return startServer(
    loadConfig({
      flags: {
        ...{ data: directory, port: '0', 'connectors.worldtradingdata.credentials.token': 'any' },
        ...{ ...of('twse'), ...of('yahoo'), ...of('worldtradingdata') },
        ...flags,
      },
    }),
  )
}

async function get(path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(server.url + path, { headers })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) }
}

/** Follows a search by the modern routes until it has ended. */
async function follow(state: SearchState): Promise<{ state: SearchState; increments: readonly SearchIncrement[] }> {
  const increments: SearchIncrement[] = []
  let now = state
  while (now.running) {
    const { status, body } = await get(
      `/v1/searches/${now.uuid}/changes?since=${now.version}&epoch=${now.epoch}&wait=20`,
    )
    if (status === 204) continue
    increments.push(body.data)
    now = applyIncrement(now, body.data)
  }
  return { state: now, increments }
}

describe('a search over the store and three upstreams', () => {
  test('is answered with what the store has, and grows by increments to what all of them found', async () => {
    const { body: first } = await get('/v1/search?q=new%20york')
    expect(first).toMatchObject({ query: 'new york', running: true, errors: [] })
    expect(first.hits.map(({ id }: { id: string }) => id)).toContain('SIM:NEW')
    const { state } = await follow(first)
    expect(state).toMatchObject({ running: false, remains: [], errors: [] })
    expect(state.hits.slice(0, first.hits.length).map(({ id }) => id)).toEqual(
      first.hits.map(({ id }: { id: string }) => id),
    )
    const sources = new Set(state.hits.flatMap((hit) => hit.sources))
    expect(sources).toEqual(new Set(['instruments', 'datasets', 'worldtradingdata']))
    expect(state.hits.find(({ id }) => id === 'datasets/birds/1')).toMatchObject({
      title: '紐約知更鳥',
      kind: 'row',
      url: { datasets: '/v1/datasets/birds/rows/1' },
    })
    expect(state).toEqual((await get(`/v1/searches/${state.uuid}`)).body.data)
  })

  test('merges what several sources call the same instrument, and keeps each name', async () => {
    const { state } = await follow((await get('/v1/search?q=2330')).body)
    const hit = state.hits.find(({ id }) => id === 'TWSE:2330')
    expect(hit?.sources).toEqual(expect.arrayContaining(['twse', 'yahoo']))
    expect(hit?.symbols).toMatchObject({ twse: '2330', yahoo: '2330.TW' })
    expect(hit?.isin).toMatch(/^TW/)
    expect(hit?.score).toBe(100)
    // What an upstream found was kept as of any other task.
    const rows = await createClient({ url: server.url }).dataset('yahoo_search_results').rows().toArray()
    expect(rows.some(({ query }) => query === '2330')).toBe(true)
  })

  test('asks an upstream once for the same words, and only the sources that are named', async () => {
    const asked = () => emulator.arrivals('yahoo').length
    const before = asked()
    await follow((await get('/v1/search?q=台積&sources=yahoo')).body)
    await follow((await get('/v1/search?q=台積&sources=yahoo,instruments')).body)
    expect(asked()).toBe(before + 1)
    const { state } = await follow((await get('/v1/search?q=ferries&sources=instruments')).body)
    expect(state.hits.map(({ id, sources }) => [id, sources])).toEqual([['SIM:NEW', ['instruments']]])
  })

  test('goes on without a source that fails, names it, and keeps what it said', async () => {
    emulator.faults.set('worldtradingdata', { kind: 'status', status: 500 })
    const { state } = await follow((await get('/v1/search?q=ferri&sources=worldtradingdata,instruments')).body)
    expect(state.errors).toMatchObject([{ source: 'worldtradingdata', code: 'UPSTREAM_FAILED' }])
    expect(state.hits.map(({ id }) => id)).toEqual(['SIM:NEW'])
  })
})

describe('increments', () => {
  test('have an address of their own, where they are the same for ever', async () => {
    const { increments, state } = await follow((await get('/v1/search?q=york&sources=instruments,yahoo')).body)
    const { uuid, epoch, version } = state
    const last = increments.at(-1) ?? { from: version - 1 }
    const path = `/v1/searches/${uuid}/changes?since=${last.from}&until=${version}&epoch=${epoch}`
    const { body, headers, status } = await get(path)
    expect([status, headers.get('cache-control')]).toEqual([200, 'private, max-age=31536000, immutable'])
    expect(body).toMatchObject({ data: { from: last.from, version }, links: { snapshot: `/v1/searches/${uuid}` } })
    const again = await get(path, { 'if-none-match': headers.get('etag') ?? '' })
    expect([again.status, again.body]).toEqual([304, undefined])
    expect((await get(body.links.self)).body).toEqual(body)
  })

  test('come packed as the caller likes, each way from one making', async () => {
    const { body } = await get('/v1/search?q=new%20york')
    const { state } = await follow(body)
    const path = `/v1/searches/${state.uuid}`
    const plain = await fetch(server.url + path, { headers: { 'accept-encoding': 'identity' } })
    const packed = await fetch(server.url + path, { headers: { 'accept-encoding': 'gzip' } })
    expect([plain.headers.get('content-encoding'), packed.headers.get('content-encoding')]).toEqual([null, 'gzip'])
    expect(packed.headers.get('vary')).toContain('Accept-Encoding')
    expect(await packed.json()).toEqual(await plain.json())
  })

  test('are refused where they are no longer known, with a way on', async () => {
    const { state } = await follow((await get('/v1/search?q=york&sources=instruments')).body)
    const path = `/v1/searches/${state.uuid}/changes`
    for (const query of ['since=1&epoch=earlier', 'since=99']) {
      const gone = await get(`${path}?${query}`)
      expect([query, gone.status, gone.body.code]).toEqual([query, 410, 'GONE'])
      expect(gone.headers.get('link')).toBe(`</v1/searches/${state.uuid}>; rel="snapshot"`)
    }
    const lost = await get('/v1/searches/nothing/changes?since=1&epoch=earlier')
    expect([lost.status, lost.headers.get('link')]).toEqual([410, '</v1/search>; rel="search"'])
    expect((await get('/v1/searches/nothing/changes?since=1')).status).toBe(404)
    expect((await get(`${path}?since=1&until=1`)).body).toMatchObject({ code: 'INVALID_PARAMETER' })
    const nothing = await get(`${path}?since=${state.version}&wait=30`)
    expect([nothing.status, nothing.body]).toEqual([204, undefined])
  })

  test('come as events, gone on with after the last that was read', async () => {
    const { body: first } = await get('/v1/search?q=new%20y')
    const events = await readEvents(`/v1/searches/${first.uuid}/stream`)
    expect(events.map(({ event }) => event)).toEqual(['state', ...events.slice(2).map(() => 'increment'), 'end'])
    let state: SearchState = JSON.parse(events[0]?.data ?? '')
    for (const { data } of events.slice(1, -1)) state = applyIncrement(state, JSON.parse(data))
    expect(state).toEqual((await get(`/v1/searches/${first.uuid}`)).body.data)
    const rest = await readEvents(`/v1/searches/${first.uuid}/stream`, `${state.epoch}.${state.version - 1}`)
    expect(rest.map(({ event }) => event)).toEqual(['increment', 'end'])
    const end = await get(`/v1/searches/${first.uuid}/stream`, { 'last-event-id': `${state.epoch}.${state.version}` })
    expect(end.status).toBe(204)
  })
})

describe("CALIL's wire", () => {
  /** Polls and merges as a client of Unitrad does, which knows nothing of Barkeep. */
  async function unitrad(query: string) {
    const answers: Record<string, unknown>[] = []
    const { body: data } = await get(`/v1/search?${query}`)
    while (data.running) {
      const { body } = await get(`/v1/polling?uuid=${data.uuid}&version=${data.version}&diff=1&timeout=10`)
      answers.push(body)
      if (body === null) continue
      const { books_diff: diff, ...rest } = body
      if (diff === undefined) throw new Error('all of it came again')
      data.books.push(...diff.insert)
      Object.assign(data, rest)
      for (const { _idx, ...fields } of diff.update) {
        const book = data.books[_idx]
        for (const [name, value] of Object.entries(fields)) {
          if (Array.isArray(value)) book[name].push(...value)
          else if (value instanceof Object) Object.assign(book[name], value)
          else book[name] = value
        }
      }
    }
    return { data, answers }
  }

  test('ends as the same books, by its own names and with errors that are names of sources', async () => {
    emulator.faults.set('yahoo', { kind: 'status', status: 500 })
    const { data } = await unitrad('free=new%20yor&region=tokyo')
    expect(data).toMatchObject({ running: false, remains: [], errors: ['yahoo'] })
    const uuid = data.uuid.replace('.books', '')
    const { hits } = (await get(`/v1/searches/${uuid}`)).body.data
    expect(data.books).toEqual(hits)
    expect(data.books.length).toBeGreaterThan(3)
  })

  test('answers null where nothing came, and all there is where that is asked', async () => {
    const { state } = await follow((await get('/v1/search?q=york&sources=instruments')).body)
    const { uuid, version } = state
    expect((await get(`/v1/polling?uuid=${uuid}&version=${version}&diff=1&timeout=10`)).body).toBeNull()
    expect((await get(`/v1/polling?uuid=${uuid}&version=1`)).body).toEqual({ ...state })
    expect((await get('/v1/polling?uuid=nothing&version=1')).body).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a request for a search', () => {
  test.each([
    ['/v1/search', 400, 'MISSING_PARAMETER'],
    ['/v1/search?q=%20', 400, 'INVALID_PARAMETER'],
    ['/v1/search?q=a&free=b', 400, 'EXCLUSIVE_PARAMETERS'],
    ['/v1/search?q=a&sources=yaho', 400, 'INVALID_PARAMETER'],
    ['/v1/search?query=a', 400, 'UNKNOWN_PARAMETER'],
    ['/v1/searches/nothing', 404, 'NOT_FOUND'],
    ['/v1/searches/nothing/stream', 404, 'NOT_FOUND'],
    ['/v1/searches/nothing/changes', 400, 'MISSING_PARAMETER'],
  ])('%s is refused with %i %s', async (path, status, code) => {
    const { status: answered, body } = await get(path)
    expect([answered, body.code]).toEqual([status, code])
  })

  test('is seen in the metrics', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    expect(text).toMatch(/^barkeep_searches_started_total [1-9]/m)
    expect(text).toMatch(/^barkeep_searches\{state="ended"\} [1-9]/m)
    expect(text).toMatch(/^barkeep_search_followers 0$/m)
  })
})

describe('the SDK', () => {
  test('gives ever more of a search, and ends with all of it', async () => {
    let last: SearchState | undefined
    for await (const state of createClient({ url: server.url }).search('new yo')) {
      if (last !== undefined) expect(state.version).toBeGreaterThan(last.version)
      last = state
    }
    expect(last).toEqual((await get(`/v1/searches/${last?.uuid}`)).body.data)
  })
})

describe('a server that restarts while a search is followed', () => {
  test('answers who waits at once, and the SDK goes on with the next one', async () => {
    const first = server
    const { port } = new URL(first.url)
    emulator.faults.set('yahoo', { kind: 'trickle', bytes: 1, pauseMs: 1_000 })
    let restarted: () => void = () => {}
    const isUp = new Promise<void>((resolve) => {
      restarted = resolve
    })
    // Whatever the SDK waits for between two attempts, it waits until the next server is there.
    const client = createClient({ url: first.url, sleep: () => isUp })
    const states: SearchState[] = []
    const following = (async () => {
      for await (const state of client.search('台積電', { sources: ['instruments', 'yahoo'] })) states.push(state)
    })()
    const followers = async () =>
      /^barkeep_search_followers (\d+)$/m.exec(await (await fetch(`${first.url}/metrics`)).text())
    await vi.waitFor(async () => expect((await followers())?.[1]).toBe('1'), { timeout: 120_000 })
    await first.close()
    emulator.faults.clear()
    server = await start({ port })
    restarted()
    await following
    expect(states[0]?.epoch).not.toBe(states.at(-1)?.epoch)
    expect(states.at(-1)).toMatchObject({ running: false, errors: [] })
    expect(states.at(-1)?.hits.map(({ id }) => id)).toContain('TWSE:2330')
  })
})

async function readEvents(path: string, lastEventId?: string) {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const text = await (await fetch(server.url + path, { headers })).text()
  const blocks = text.split('\n\n').filter((block) => block.includes('data:'))
  return blocks.map((block) => ({
    event: /^event: (.*)$/m.exec(block)?.[1],
    data: /^data: (.*)$/m.exec(block)?.[1] ?? '',
  }))
}
