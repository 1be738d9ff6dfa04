import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROWS = 137
const birds = Array.from({ length: ROWS }, (_, index) => ({
  BirdNo: `${1_000 - index}`,
  Place: index % 7 === 0 ? null : `玉山 ${index % 5}`,
  Count: index % 3,
}))

let directory: string
let server: RunningServer

const start = (rowsAhead: number) =>
  startServer(
    loadConfig({
      flags: {
        data: directory,
        port: '0',
        'api.plainTakeMax': '50',
        'api.pageAheadRows': `${rowsAhead}`,
        'api.corsOrigins': 'https://app.example',
      },
    }),
  )

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-plain-'))
  server = await start(20)
  await createClient({ url: server.url })
    .dataset('birds')
    .insert(birds, { key: ['BirdNo'] })
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

const headersOf = ({ headers }: Response) =>
  ['total', 'start', 'take'].map((name) => headers.get(`X-DATAINFO-${name.toUpperCase()}`))

describe('the plain paged API', () => {
  test('gives a bare list, and says in headers what it is of the whole', async () => {
    const answer = await fetch(`${server.url}/api/birds?$start=5&$take=3`)
    expect(await answer.json()).toEqual(birds.slice(5, 8))
    expect(headersOf(answer)).toEqual([`${ROWS}`, '5', '3'])
  })

  test('begins at the first row and takes as many as it may unless told', async () => {
    const answer = await fetch(`${server.url}/api/birds`)
    expect(await answer.json()).toEqual(birds.slice(0, 50))
    expect(headersOf(answer)).toEqual([`${ROWS}`, '0', '50'])
  })

  test('finds a row by its key, out of what is held as out of the store, until it is written again', async () => {
    await createClient({ url: server.url })
      .dataset('numbered')
      .insert(
        [
          { no: 7, name: 'seven' },
          { no: 8, name: 'eight' },
          { no: 9, name: 'nine' },
        ],
        { key: ['no'] },
      )
    const nameOf = async (key: string) => {
      const [plain, row] = [`/api/numbered/${key}`, `/v1/datasets/numbered/rows/${key}`]
      const bodies = await Promise.all([plain, row].map(async (path) => (await fetch(server.url + path)).json()))
      return [bodies[0].name, bodies[1].data?.name]
    }
    for (const key of ['7', '7', '8', '8', '9', '9', '007']) {
      expect(await nameOf(key)).toEqual(Array(2).fill({ 8: 'eight', 9: 'nine' }[key] ?? 'seven'))
    }
    const write = (method: string, body?: object) =>
      fetch(`${server.url}/api/numbered/7`, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
    await write('PATCH', { name: 'VII' })
    expect(await nameOf('7')).toEqual(['VII', 'VII'])
    await write('DELETE')
    expect(await nameOf('7')).toEqual([undefined, undefined])
    expect(await nameOf('8')).toEqual(['eight', 'eight'])
  })

  test('caps what is taken, and says so', async () => {
    const answer = await fetch(`${server.url}/api/birds?$take=1000000`)
    expect([(await answer.json()).length, headersOf(answer)]).toEqual([50, [`${ROWS}`, '0', '50']])
  })

  test('takes ten at most where nobody says otherwise', async () => {
    expect(loadConfig({})['api.plainTakeMax']).toBe(10)
  })

  test('answers HEAD with the total alone', async () => {
    const answer = await fetch(`${server.url}/api/birds?$take=5`, { method: 'HEAD' })
    expect([answer.status, headersOf(answer)]).toEqual([200, [`${ROWS}`, null, null]])
  })

  test('lets pages of named origins read its headers', async () => {
    const answer = await fetch(`${server.url}/api/birds`, { headers: { origin: 'https://app.example' } })
    const exposed = answer.headers.get('access-control-expose-headers') ?? ''
    for (const name of ['TOTAL', 'START', 'TAKE']) expect(exposed).toContain(`X-DATAINFO-${name}`)
    const options = await fetch(`${server.url}/api/birds`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, expect.stringContaining('HEAD')])
  })

  test('gives one row by its key', async () => {
    expect(await (await fetch(`${server.url}/api/birds/998`)).json()).toEqual(birds[2])
  })

  test.each([
    ['/api/birds/none', 404, 'NOT_FOUND', 'BirdNo'],
    ['/api/brids', 404, 'NOT_FOUND', "'birds'"],
    ['/api/birds?$start=-1', 400, 'INVALID_PARAMETER', '$start'],
    ['/api/birds?$take=many', 400, 'INVALID_PARAMETER', '$take'],
    ['/api/birds?$tkae=5', 400, 'UNKNOWN_PARAMETER', "'$take'"],
  ])('%s is a problem', async (path, status, code, hint) => {
    const answer = await fetch(server.url + path)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ])
    const problem = await answer.json()
    expect([problem.code, problem.message]).toEqual([code, expect.stringContaining(hint)])
  })

  test('shows a write to whoever asks after it', async () => {
    const dataset = createClient({ url: server.url }).dataset('birds')
    const read = async () => (await fetch(`${server.url}/api/birds?$start=0&$take=2`)).json()
    await read()
    await dataset.patch('1000', { Count: 99 })
    expect((await read())[0]).toEqual({ ...birds[0], Count: 99 })
    await dataset.put('1000', { ...birds[0] })
    expect(await read()).toEqual(birds.slice(0, 2))
  })
})

describe('the SDK over it', () => {
  const counting = (url: string) => {
    const asked: string[] = []
    const client = createClient({
      url,
      fetch: (input, init) => {
        asked.push(String(input))
        return fetch(input, init)
      },
    })
    return { client, asked }
  }

  test('reads every row once', async () => {
    const { client, asked } = counting(server.url)
    const read = []
    for await (const row of client.plain('birds', { take: 5 })) read.push(row)
    expect([read, asked.length]).toEqual([birds, Math.ceil(ROWS / 5)])
    expect(await client.plain('birds').total()).toBe(ROWS)
  })

  test('stops asking when its consumer stops', async () => {
    const { client, asked } = counting(server.url)
    let rows = 0
    for await (const _ of client.plain('birds', { take: 5 })) if (++rows === 50) break
    expect(asked).toHaveLength(10)
  })
})

test('pages are byte for byte the same with and without reading ahead, wherever they begin', async () => {
  const slice = fc.record({ start: fc.integer({ min: 0, max: ROWS + 30 }), take: fc.integer({ min: 0, max: 60 }) })
  const format = fc.constantFrom('json', 'ndjson', 'xml', 'protobuf', 'csv')
  const slices = fc
    .sample(fc.tuple(slice, format), { numRuns: 40, seed: 1 })
    .map(([{ start: from, take }, name]) => `/api/birds?$start=${from}&$take=${take}&format=${name}`)
  const walks = [
    '',
    'sort=Place',
    'sort=-Count,Place',
    'Count.gt=0&sort=-Place',
    'Place=none',
    'fields=Count,BirdNo',
  ].flatMap((query) => [7, 20, 50].map((limit) => `/v1/datasets/birds/rows?limit=${limit}&${query}`))
  const readAll = async () => {
    const texts: string[] = []
    for (const path of slices) {
      const answer = await fetch(server.url + path)
      texts.push(`${path} ${headersOf(answer)} ${await answer.text()}`)
    }
    for (const walk of walks) {
      let read = 0
      for (let path: string | undefined = walk; path !== undefined; ) {
        const text = await (await fetch(server.url + path)).text()
        texts.push(text)
        const { data, links, total } = JSON.parse(text)
        read += data.length
        path = links.next
        if (path === undefined) expect([walk, read]).toEqual([walk, total])
      }
    }
    return texts
  }
  const ahead = await readAll()
  await server.close()
  server = await start(0)
  expect(await readAll()).toEqual(ahead)
})
