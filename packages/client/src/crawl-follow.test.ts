import { expect, test } from 'vitest'
import { type Answer, sendData, sendProblem, startFakeServer } from './fake-server.contract.js'

function state(done: number, waiting: number) {
  return {
    id: 7,
    order: { connector: 'twse', plan: 'daily-bars', start: '2024-01-01', end: '2024-02-01' },
    state: waiting === 0 ? 'done' : 'running',
    tasks: { waiting, active: 0, done, dead: 0 },
    blockedUntilMs: null,
    stoppedBy: null,
  }
}

const eventOf = (body: object, end = '\n') => `id: 1${end}event: state${end}data: ${JSON.stringify(body)}${end}${end}`

/** The n-th request is answered with the n-th stream, in the pieces that are given; then the connection ends. */
function streams(...bodies: (readonly string[])[]): Answer {
  return (_request, response, number) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of bodies[number - 1] ?? []) response.write(piece)
    response.end()
  }
}

async function followed(answer: Answer) {
  const server = await startFakeServer(answer)
  const seen: string[] = []
  for await (const { tasks } of server.client.followCrawl(7)) seen.push(`${tasks.done}/${tasks.done + tasks.waiting}`)
  return { ...server, states: seen }
}

test('the states of a crawl come until it is over', async () => {
  const body = ['retry: 1000\n\n', eventOf(state(0, 2)), ':\n\n', eventOf(state(1, 1), '\r\n'), eventOf(state(2, 0))]
  const { states, seen } = await followed(streams(body))
  expect(states).toEqual(['0/2', '1/2', '2/2'])
  expect(seen).toMatchObject([{ path: '/v1/crawls/7/events', headers: { accept: 'text/event-stream' } }])
})

test('an event that comes in pieces is one, wherever it is cut', async () => {
  const text = eventOf(state(0, 2)) + eventOf(state(2, 0))
  const { states } = await followed(streams([...text]))
  expect(states).toEqual(['0/2', '2/2'])
})

test('a stream that ends too early is asked for anew, and what is known is not told twice', async () => {
  const first = [eventOf(state(1, 2)), eventOf(state(2, 1)).slice(0, 20)]
  const { states, seen, slept } = await followed(streams(first, [eventOf(state(1, 2)), eventOf(state(3, 0))]))
  expect(states).toEqual(['1/3', '3/3'])
  expect(seen).toHaveLength(2)
  expect(slept).toHaveLength(1)
})

test.each(['ROUTE_NOT_FOUND', 'NOT_ACCEPTABLE'] as const)('a server that answers %s is asked instead', async (code) => {
  let asked = 0
  const { states, slept } = await followed((request, response) => {
    if (request.path.endsWith('/events')) return sendProblem(response, code)
    asked += 1
    sendData(response, asked < 3 ? state(1, 1) : state(2, 0))
  })
  expect(states).toEqual(['1/2', '2/2'])
  expect(asked).toBe(3)
  expect(slept).toEqual([1_000, 1_000])
})

test('a crawl that there is none of is an error', async () => {
  const server = await startFakeServer((_request, response) => sendProblem(response, 'NOT_FOUND'))
  await expect(server.client.followCrawl(8).next()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('leaving the loop ends the connection', async () => {
  let tellGone = () => {}
  const gone = new Promise<void>((resolve) => {
    tellGone = resolve
  })
  const server = await startFakeServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(eventOf(state(0, 2)))
    response.once('close', tellGone)
  })
  for await (const { tasks } of server.client.followCrawl(7)) {
    expect(tasks.waiting).toBe(2)
    break
  }
  await gone
})

test('aborting ends the wait with CANCELLED_REQUEST', async () => {
  const stop = new AbortController()
  const server = await startFakeServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(eventOf(state(0, 2)))
  })
  const states = server.client.followCrawl(7, { signal: stop.signal })
  expect((await states.next()).value).toMatchObject({ id: 7 })
  const next = expect(states.next()).rejects.toMatchObject({ code: 'CANCELLED_REQUEST' })
  stop.abort()
  await next
})
