import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bar, bare, codeOf, header, type Started, start, stopAll } from './safety-rig.js'

describe('an answer', () => {
  let started: Started
  const bars = '/v1/bars?interval=1m&instruments=SIM:1'
  beforeAll(async () => {
    started = await start({ 'api.compressBytesMin': '500', 'api.compressLoopback': 'true' })
    const rows = Array.from({ length: 60 }, (_, minute) => bar('1', minute))
    await started.post('/v1/bars/1m', header + rows.join(''))
    await started.post('/v1/datasets/devices/rows?key=id', [{ id: '1', name: 'one' }])
  })
  afterAll(stopAll)

  test.each([
    ['json', 'br, gzip', 'br'],
    ['json', 'gzip, deflate', 'gzip'],
    ['csv', 'br;q=0.5, gzip', 'gzip'],
    ['ndjson', 'br;q=0, gzip;q=0', null],
    ['ndjson', '*', 'br'],
    ['arrow', 'br, gzip', null],
    ['parquet', 'br, gzip', null],
  ])('in %s to a caller of %s is coded as %s', async (format, accepted, coding) => {
    const plain = await started.ask(`${bars}&format=${format}`, { headers: { 'accept-encoding': 'identity' } })
    const answer = await started.ask(`${bars}&format=${format}`, { headers: { 'accept-encoding': accepted } })
    expect(answer.headers.get('content-encoding')).toBe(coding)
    expect(answer.headers.get('vary')).toContain('Accept-Encoding')
    const bytes = [...new Uint8Array(await answer.arrayBuffer())]
    if (format !== 'parquet') expect(bytes).toEqual([...new Uint8Array(await plain.arrayBuffer())])
  })

  test('that is small is sent as it is', async () => {
    const answer = await started.ask('/healthz', { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.headers.get('content-encoding')).toBeNull()
  })

  const rows = '/v1/datasets/devices/rows'
  const tagged = ['/v1/exchanges', '/v1/instruments', '/v1/datasets', '/v1/calendar/SIM', '/openapi.json']
  test.each([...tagged, bars, rows, `${rows}?format=csv`, `${rows}/1`, '/api/devices'])(
    'of %s is not sent again to who has it',
    async (path) => {
      const first = await started.ask(path)
      const tag = first.headers.get('etag') ?? ''
      expect(tag).toMatch(/^(W\/)?"[\w-]{22}"$/)
      expect(first.headers.get('cache-control')).toBe('private, no-cache')
      const again = await started.ask(path, { headers: { 'if-none-match': `"other", ${tag}` } })
      expect([again.status, await again.text(), bare(again.headers.get('etag'))]).toEqual([304, '', bare(tag)])
      expect((await started.ask(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
      expect(bare((await started.ask(path, { method: 'HEAD' })).headers.get('etag'))).toBe(bare(tag))
    },
  )

  test('of bars has another tag after a write, in another format, and for another question', async () => {
    const tagOf = async (path: string) => (await started.ask(path)).headers.get('etag')
    const before = await tagOf(bars)
    expect(await tagOf(`${bars}&limit=5`)).not.toBe(before)
    expect(await tagOf(`${bars}&format=csv`)).not.toBe(before)
    await started.post('/v1/bars/1m', header + bar('2', 0))
    expect(await tagOf(bars)).not.toBe(before)
  })

  test('of rows has another tag after every kind of write', async () => {
    const tagOf = async () => (await started.ask(rows)).headers.get('etag')
    const send = (method: string, path: string, body?: unknown) =>
      started.ask(path, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      })
    const seen = [await tagOf()]
    for (const [method, path, body] of [
      ['POST', rows, [{ id: '2', name: 'two' }]],
      ['PUT', `${rows}/2`, { id: '2', name: 'zwei' }],
      ['PATCH', `${rows}/2`, { name: 'deux' }],
      ['DELETE', `${rows}/2`],
    ] as const) {
      expect((await send(method, path, body)).ok).toBe(true)
      seen.push(await tagOf())
    }
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('to a parameter without the one that it needs is a refusal', async () => {
    const answer = await started.post('/v1/datasets/birds/rows?title=Birds', [{ id: '1' }])
    expect(await answer.json()).toMatchObject({
      status: 400,
      code: 'INCLUSIVE_PARAMETERS',
      errors: [{ parameter: 'title' }],
    })
  })

  test('that is an error has no tag', async () => {
    const answer = await started.ask(`${bars}&start=2024-03-05&end=2024-03-04`)
    expect([answer.status, answer.headers.get('etag')]).toEqual([400, null])
  })

  test('to a write can be left out', async () => {
    const headers = { prefer: 'return=minimal' }
    const answer = await started.post('/v1/bars/1m', header + bar('1', 0), headers)
    expect([answer.status, await answer.text(), answer.headers.get('preference-applied')]).toEqual([
      201,
      '',
      'return=minimal',
    ])
  })

  test('to a write on a row that has changed since it was read is a refusal', async () => {
    const row = '/v1/datasets/devices/rows/1'
    const put = (name: string, headers: Record<string, string>) =>
      started.ask(row, {
        method: 'PUT',
        body: JSON.stringify({ id: '1', name }),
        headers: { 'content-type': 'application/json', ...headers },
      })
    const tag = (await started.ask(row)).headers.get('etag') ?? ''
    expect(await codeOf(await put('lost', { 'if-match': '"other"' }))).toEqual([412, 'PRECONDITION_FAILED'])
    // Both have read the same; one of them wins.
    const both = await Promise.all(['two', 'three'].map((name) => put(name, { 'if-match': tag })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    expect((await put('four', { 'if-match': '*' })).status).toBe(200)
    expect(await codeOf(await put('five', { 'if-none-match': '*' }))).toEqual([412, 'PRECONDITION_FAILED'])
    expect((await (await started.ask(row)).json()).data.name).toBe('four')
  })
})
