import type { SearchHit, SearchIncrement, SearchState } from '@barkeep/core'
import { expect, test } from 'vitest'
import { type Answer, createGate, sendData, sendJson, sendProblem, startFakeServer } from './fake-server.contract.js'

const hit = (id: string): SearchHit => ({
  ...{ id, kind: 'stock', title: id, instrument: null, isin: null, exchange: '', same_as: null },
  ...{ names: [id], symbols: { a: id }, url: {}, sources: ['a'], score: 10 },
})
const head = { ...{ uuid: 'u', epoch: 'one', query: 'q', version: 1, running: true }, remains: ['a'], errors: [] }
const state = (fields: Partial<SearchState> = {}): SearchState => ({ ...head, hits: [], ...fields })
const increment = (from: number, insert: readonly SearchHit[], fields: Partial<SearchIncrement> = {}) => ({
  ...{ ...head, from, version: from + 1, hits_diff: { insert, update: [] }, ...fields },
})
const ended = { running: false, remains: [] }

/** What a list of answers makes of a search: the hits of each state. */
async function statesOf(answers: readonly Answer[], options: Parameters<typeof startFakeServer>[1] = {}) {
  const server = await startFakeServer((request, response, number) => {
    const answer = answers[number - 1]
    if (answer === undefined) throw new Error(`asked once more: ${request.path}?${request.query}`)
    answer(request, response, number)
  }, options)
  const states: SearchState[] = []
  for await (const one of server.client.search('new york', { sources: ['a', 'b'] })) states.push(one)
  return { ...server, ids: states.map(({ hits }) => hits.map(({ id }) => id).join('')), states }
}

const json =
  (body: unknown): Answer =>
  (_, response) =>
    sendJson(response, body)
const data =
  (body: unknown): Answer =>
  (_, response) =>
    sendData(response, body)
const nothing: Answer = (_, response) => void response.writeHead(204).end()

test('a search is followed from the first hits to the last', async () => {
  const { ids, seen, states } = await statesOf([
    json(state({ hits: [hit('A')] })),
    nothing,
    data(increment(1, [hit('B')])),
    data(increment(2, [hit('C')], ended)),
  ])
  expect(ids).toEqual(['A', 'AB', 'ABC'])
  expect(states[2]?.hits[0]).toBe(states[0]?.hits[0])
  expect(seen.map(({ path, query }) => `${path}?${query.replaceAll('+', ' ')}`)).toEqual([
    '/v1/search?q=new york&sources=a,b',
    '/v1/searches/u/changes?since=1&epoch=one&wait=25',
    '/v1/searches/u/changes?since=1&epoch=one&wait=25',
    '/v1/searches/u/changes?since=2&epoch=one&wait=25',
  ])
})

test('a connection that is cut is taken up again where it broke, however often', async () => {
  const cut: Answer = (_, response) => void response.destroy()
  const cuts = Array.from({ length: 12 }, () => cut)
  const { ids, seen } = await statesOf([json(state()), ...cuts, data(increment(1, [hit('A')], ended))])
  expect(ids).toEqual(['', 'A'])
  expect(new Set(seen.slice(1).map(({ query }) => query))).toEqual(new Set(['since=1&epoch=one&wait=25']))
})

test('an increment that does not fit is refused, and all there is read instead', async () => {
  const { ids, seen } = await statesOf([
    json(state()),
    data(increment(5, [hit('X')])),
    data(state({ version: 6, hits: [hit('A'), hit('B')], ...ended })),
  ])
  expect(ids).toEqual(['', 'AB'])
  expect(seen.at(-1)?.path).toBe('/v1/searches/u')
})

test('changes that are no longer known are read as a whole', async () => {
  const gone: Answer = (_, response) => sendProblem(response, 'GONE')
  const { ids } = await statesOf([json(state()), gone, data(state({ version: 9, hits: [hit('A')], ...ended }))])
  expect(ids).toEqual(['', 'A'])
})

test('after a restart of the server the search begins anew', async () => {
  const { ids } = await statesOf([
    json(state({ hits: [hit('A')] })),
    (_, response) => sendProblem(response, 'SERVICE_UNAVAILABLE'),
    (_, response) => sendProblem(response, 'GONE'),
    (_, response) => sendProblem(response, 'NOT_FOUND'),
    json(state({ uuid: 'other', epoch: 'two', hits: [hit('B')] })),
    data({ ...increment(1, [hit('C')], ended), uuid: 'other', epoch: 'two' }),
  ])
  expect(ids).toEqual(['A', 'B', 'BC'])
})

test('a search that was given up while the connection was away begins anew, and not for ever', async () => {
  const error = { source: 'a', code: 'CANCELLED_REQUEST', message: '' } as const
  const given = json(state({ errors: [error], ...ended }))
  expect((await statesOf([given, json(state({ hits: [hit('A')], ...ended }))])).ids).toEqual(['', 'A'])
  const always = await statesOf(Array.from({ length: 6 }, () => given))
  expect(always.seen).toHaveLength(6)
})

test('what the server refuses is thrown', async () => {
  const refused: Answer = (_, response) => sendProblem(response, 'INVALID_PARAMETER')
  await expect(statesOf([refused])).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  await expect(statesOf([json(state()), refused])).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
})

test('leaving the loop while it waits hangs up', async () => {
  const asked = createGate()
  const hungUp = createGate()
  const { client } = await startFakeServer(({ path }, response) => {
    if (path === '/v1/search') return sendJson(response, state())
    response.on('close', hungUp.open)
    asked.open()
  })
  const states = client.search('x')
  await states.next()
  const next = states.next()
  await asked.opened
  await states.return?.()
  await hungUp.opened
  expect(await next).toEqual({ done: true, value: undefined })
})
