import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let directory: string
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-api-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: object }[]
  readonly requestBody?: { content: Record<string, unknown> }
  readonly responses: Record<string, { content: Record<string, unknown> }>
}

const get = (path: string) => fetch(server.url + path)
const openapi = async () =>
  (await (await get('/openapi.json')).json()) as {
    openapi: string
    paths: Record<string, Record<string, Operation>>
    components: { responses: { Problem: { content: object } } }
  }

describe('the description of the API', () => {
  test('names every route with a summary, its success and its problem', async () => {
    const { openapi: version, paths, components } = await openapi()
    expect(version).toBe('3.1.0')
    expect(components.responses.Problem.content).toHaveProperty(['application/problem+json', 'schema'])
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/bars', '/v1/bars/{interval}', '/v1/datasets/{name}/rows', '/v1/crawls', '/metrics']),
    )
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const name = `${method} ${path}`
        expect([name, operation.summary]).toEqual([name, expect.stringMatching(/^[A-Z].*[^.]$/)])
        expect([name, operation.tags?.length]).toEqual([name, 1])
        expect([name, Object.keys(operation.responses)]).toEqual([name, expect.arrayContaining(['default'])])
        expect([name, Object.keys(operation.responses).some((status) => /^20[014]$/.test(status))]).toEqual([
          name,
          true,
        ])
        expect([name, operation.responses.default]).toEqual([name, { $ref: '#/components/responses/Problem' }])
      }
    }
  })

  test('has the parameters of bars with their types, and the formats of the answer', async () => {
    const bars = (await openapi()).paths['/v1/bars']?.get
    const parameters = Object.fromEntries((bars?.parameters ?? []).map((parameter) => [parameter.name, parameter]))
    expect(parameters.interval).toMatchObject({
      in: 'query',
      required: true,
      schema: { enum: expect.arrayContaining(['1m', '1mo']) },
    })
    expect(parameters.instruments).toMatchObject({
      explode: false,
      schema: { type: 'array', items: { type: 'string' } },
    })
    expect(parameters.limit).toMatchObject({ schema: { type: 'integer', minimum: 1, maximum: 100_000 } })
    expect(Object.keys(bars?.responses['200']?.content ?? {})).toEqual([
      'application/json',
      'application/x-ndjson',
      'text/csv',
      'application/vnd.apache.arrow.stream',
      'application/vnd.apache.parquet',
      'application/xml',
      'application/x-protobuf',
    ])
    const post = (await openapi()).paths['/v1/bars/{interval}']?.post
    expect(Object.keys(post?.requestBody?.content ?? {})).toContain('text/csv')
  })

  test('has a page that loads nothing from elsewhere', async () => {
    const page = await (await get('/docs')).text()
    const named = [...page.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, url]) => url ?? '')
    expect(named.length).toBeGreaterThan(1)
    for (const url of named) {
      expect(url).toMatch(/^\/[^/]/)
      expect((await get(url)).status).toBe(200)
    }
  })
})

describe('metrics', () => {
  test('count requests by the pattern of their route, never by its values', async () => {
    await get('/v1/exchanges/TWSE')
    await get('/v1/exchanges/NOPE')
    const text = await (await get('/metrics')).text()
    expect(text).toContain(
      'barkeep_http_request_duration_seconds_count{method="GET",route="/v1/exchanges/:code",status="200"} 1',
    )
    expect(text).toContain(
      'barkeep_http_request_duration_seconds_count{method="GET",route="/v1/exchanges/:code",status="404"} 1',
    )
    expect(text).not.toContain('NOPE')
    expect(text).toMatch(/^barkeep_instruments 0$/m)
  })
})

describe('an exchange that is not built in', () => {
  const tokyo = {
    code: 'TSE',
    name: 'Tokyo Stock Exchange',
    mic: 'XTKS',
    timeZone: 'Asia/Tokyo',
    currency: 'JPY',
    sessions: [{ since: '1900-01-01', open: '09:00', close: '15:00' }],
  }
  const post = (path: string, body: unknown, type = 'application/json') =>
    fetch(server.url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': type },
    })

  test('can be added, and then takes bars by its own hours', async () => {
    expect((await post('/v1/exchanges', [tokyo])).status).toBe(201)
    expect(await (await get('/v1/exchanges/TSE')).json()).toMatchObject({ data: tokyo })
    const csv = 'instrument,ts,open,high,low,close,volume\nTSE:7203,2026-11-20T00:00:00Z,1,1,1,1,1\n'
    expect((await post('/v1/bars/1d', csv, 'text/csv')).status).toBe(201)
    const wrong = await post('/v1/bars/1d', csv.replace('T00', 'T01'), 'text/csv')
    expect((await wrong.json()).errors[0].message).toContain('open of its session')
  })

  test.each([
    [
      'hours that run backwards',
      { ...tokyo, sessions: [{ since: '1900-01-01', open: '15:00', close: '09:00' }] },
      'before it closes',
    ],
    ['no sessions', { ...tokyo, sessions: [] }, 'sessions'],
    ['a code in small letters', { ...tokyo, code: 'tse' }, 'code'],
  ])('is refused for %s', async (_, body, hint) => {
    const answer = await post('/v1/exchanges', [body])
    const problem = await answer.json()
    expect([answer.status, problem.code]).toEqual([400, 'INVALID_BODY'])
    expect(problem.message).toContain(hint)
  })

  test('is refused for a zone that nobody knows', async () => {
    const problem = await (await post('/v1/exchanges', [{ ...tokyo, timeZone: 'Asia/Tokio' }])).json()
    expect(problem).toMatchObject({ status: 400, code: 'INVALID_TIMEZONE', errors: [{ index: 0, field: 'timeZone' }] })
    expect(problem.message).toContain('Asia/Tokio')
  })

  test('a body that breaks the schema names row and field', async () => {
    const answer = await post('/v1/instruments', [
      { instrument: 'TSE:7203', name: 'Toyota', kind: 'stock' },
      { instrument: 'TSE:7203', name: 'Toyota', kind: 'sock' },
    ])
    expect(await answer.json()).toMatchObject({ code: 'INVALID_BODY', errors: [{ index: 1, field: 'kind' }] })
  })
})
