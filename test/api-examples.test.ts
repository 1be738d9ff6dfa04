import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@barkeep/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiDocument, Operation } from './openapi-requests.js'
import { type SimulatedServer, startSimulatedServer } from './simulated-server.js'

/** What speaks of a thing that its caller made, under a number or name that the server chose. */
const ofOnesOwn = new Set([
  'GET /v1/crawls/{id}',
  'DELETE /v1/crawls/{id}',
  'GET /v1/crawls/{id}/events',
  'DELETE /v1/keys/{id}',
  'GET /v1/polling',
  'GET /v1/searches/{id}',
  'GET /v1/searches/{id}/changes',
  'GET /v1/searches/{id}/stream',
])

const upstream = createServer((_request, response) => response.writeHead(404).end())
let server: SimulatedServer
let document: ApiDocument

beforeAll(async () => {
  // Nothing that is tried out here may reach an upstream.
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening))
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` // it listens on TCP
  const ids = ['twse', 'yahoo', 'worldtradingdata']
  server = await startSimulatedServer(Object.fromEntries(ids.map((id) => [`connectors.${id}.baseUrl`, baseUrl])))
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as ApiDocument
})

afterAll(async () => {
  await server?.close()
  upstream.close()
})

interface Example {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly type: string | undefined
  readonly body: string | undefined
}

/** What a page that fills in every example sends, one for each type of body that has an example. */
function examplesOf(route: string, method: string, { parameters = [], requestBody }: Operation): Example[] {
  const given = parameters.filter(({ example }) => example !== undefined)
  const query = new URLSearchParams()
  for (const { name, example, explode } of given.filter((parameter) => parameter.in === 'query')) {
    if (explode === true) for (const [field, value] of Object.entries(Object(example))) query.set(field, String(value))
    else query.set(name, [example].flat().join(','))
  }
  const path = given
    .filter((parameter) => parameter.in === 'path')
    .reduce((url, { name, example }) => url.replace(`{${name}}`, encodeURIComponent(String(example))), route)
  const about = { name: `${method} ${route}`, method, path: query.size === 0 ? path : `${path}?${query}` }
  if (requestBody === undefined) return [{ ...about, type: undefined, body: undefined }]
  return Object.entries(requestBody.content)
    .filter(([, { example }]) => example !== undefined)
    .map(([type, { example }]) => ({
      ...about,
      type,
      body: typeof example === 'string' ? example : JSON.stringify(example),
    }))
}

async function send({ method, path, type, body }: Omit<Example, 'name'>): Promise<{ status: number; code: unknown }> {
  const ended = new AbortController()
  const answer = await fetch(server.url + path, {
    method,
    signal: ended.signal,
    // Once a key was made, all need one.
    headers: { authorization: `Bearer ${server.ownerKey}`, ...(type !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body }),
  })
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) ended.abort()
  else if (answer.status >= 400) return { status: answer.status, code: (await answer.json()).code }
  else await answer.arrayBuffer()
  return { status: answer.status, code: undefined }
}

/** Makes what the examples write to, as it is before each of them. */
async function prepare(): Promise<void> {
  const definition = examplesOf('/v1/datasets/{name}', 'PUT', operation('/v1/datasets/{name}', 'put'))[0]
  const rows = examplesOf('/v1/datasets/{name}/rows', 'PUT', operation('/v1/datasets/{name}/rows', 'put'))[0]
  const schedule = examplesOf('/v1/schedules/{name}', 'PUT', operation('/v1/schedules/{name}', 'put'))[0]
  for (const one of [definition, rows, schedule]) if (one !== undefined) await send(one)
}

function operation(path: string, method: string): Operation {
  return document.paths[path]?.[method] ?? { responses: {} }
}

test('every operation has an example that is answered as it stands', async () => {
  const answers: unknown[] = []
  for (const [route, operations] of Object.entries(document.paths)) {
    for (const [method, one] of Object.entries(operations)) {
      const examples = examplesOf(route, method.toUpperCase(), one)
      if (examples.length === 0) answers.push([`${method} ${route}`, 'has no example of a body'])
      for (const example of examples) {
        if (example.path.includes('try-out')) await prepare()
        const { status, code } = await send(example)
        const isMissing = ofOnesOwn.has(example.name) && status === 404
        if (status >= 300 && !isMissing) answers.push([example.name, example.path, status, code])
      }
    }
  }
  expect(answers).toEqual([])
}, 600_000)

describe('a page of the documentation', () => {
  const pages = ['/docs', '/docs/datasets/instruments', '/docs/datasets/bars_1d', '/docs/datasets/try-out']
  beforeAll(prepare)

  test.each(pages)('%s has requests that are answered as they stand', async (path) => {
    const page = await textOf(path)
    const asked = [...page.matchAll(/data-run="([^"]+)"/g)].map(([, url = '']) => url.replaceAll('&amp;', '&'))
    expect(asked.length).toBeGreaterThanOrEqual(4)
    for (const url of asked) {
      const { status } = await send({ method: 'GET', path: url, type: undefined, body: undefined })
      expect([url, status]).toEqual([url, 200])
      expect(page).toContain(`curl '${server.url}${url}'`.replaceAll('&', '&amp;'))
    }
  })

  test.each(pages)('%s has lines of TypeScript that run', async (path) => {
    const page = await textOf(path)
    const [, code = ''] =
      /<pre><code>import \{ createClient \} from '@barkeep\/client'\n([\s\S]*?)<\/code>/.exec(page) ?? []
    expect(code).toContain(server.url)
    const shown: unknown[] = []
    // biome-ignore lint/security/noGlobalEval: the lines of the page are what is tested
    const run = eval(`async (createClient, console) => {${code}}`)
    const keyed: typeof createClient = (options) => createClient({ ...options, key: server.ownerKey })
    await run(keyed, { log: (...values: unknown[]) => shown.push(...values) })
    expect(shown.length).toBeGreaterThan(0)
    for (const value of shown) expect(Number(Array.isArray(value) ? value.length : value)).toBeGreaterThan(0)
  })

  test('of a dataset that is not there is a problem', async () => {
    expect((await fetch(`${server.url}/docs/datasets/nope`, keyed())).status).toBe(404)
  })
})

function keyed(): RequestInit {
  return { headers: { authorization: `Bearer ${server.ownerKey}` } }
}

async function textOf(path: string): Promise<string> {
  const answer = await fetch(server.url + path, keyed())
  expect([path, answer.status]).toEqual([path, 200])
  return answer.text()
}
