import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickhouseFront, startClickhouseFront } from './clickhouse-front.js'

const directory = mkdtempSync(join(tmpdir(), 'barkeep-front-'))
let front: ClickhouseFront

beforeAll(async () => {
  front = await startClickhouseFront({ directory, user: 'barkeep', password: 'right' })
})

afterAll(async () => {
  await front.close()
  rmSync(directory, { recursive: true, force: true })
})

const key = { 'X-ClickHouse-User': 'barkeep', 'X-ClickHouse-Key': 'right' }

async function ask(body: BodyInit, params: Record<string, string> = {}, headers: HeadersInit = key) {
  const answer = await fetch(`${front.url}/?${new URLSearchParams(params)}`, { method: 'POST', body, headers })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

describe('the stand-in for a ClickHouse server', () => {
  test('answers /ping without a key', async () => {
    expect(await (await fetch(`${front.url}/ping`)).text()).toBe('Ok.\n')
  })

  test.each([
    ['basic authorization', { Authorization: `Basic ${btoa('barkeep:right')}` }, 200],
    ['headers of its own', key, 200],
    ['a wrong key', { ...key, 'X-ClickHouse-Key': 'wrong' }, 403],
    ['no key', {}, 403],
  ])('takes %s', async (_, headers, status) => {
    const answer = await ask('SELECT 1', {}, headers)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe(status === 200 ? null : '516')
  })

  test('takes the query from the URL, the body, a form, or the first two together', async () => {
    const form = new FormData()
    form.set('query', 'SELECT {name:String}')
    form.set('param_name', 'in a\\nform')
    expect((await ask('', { query: "SELECT 'url'" })).text).toBe('url\n')
    expect((await ask("SELECT 'body'")).text).toBe('body\n')
    expect((await ask(" || 'both'", { query: "SELECT 'and '" })).text).toBe('and both\n')
    expect((await ask(form)).text).toBe('in a\\nform\n')
  })

  test('takes settings and values from the URL, for one request', async () => {
    const one = { max_threads: '3', param_n: '-7' }
    const sql = "SELECT {n:Int8}, getSetting('max_threads') FORMAT CSV"
    const answer = await ask(sql, { ...one, query_id: 'mine' })
    expect([answer.text, answer.headers.get('x-clickhouse-query-id')]).toEqual(['-7,3\n', 'mine'])
    expect(answer.headers.get('x-clickhouse-summary')).toContain('read_rows')
    expect((await ask(sql)).text).toContain('Code: 456')
    expect((await ask("SELECT getSetting('max_threads') FORMAT CSV")).text).not.toBe('3\n')
  })

  test.each([
    ['SELECT nope', 404, '47', 'UNKNOWN_IDENTIFIER'],
    ['SELECT * FROM nope', 404, '60', 'UNKNOWN_TABLE'],
    ['SELEKT 1', 400, '62', 'SYNTAX_ERROR'],
    [`SELECT '${'x'.repeat(300_000)}'`, 400, '62', 'Max query size exceeded'],
    ["SELECT throwIf(1, 'now')", 500, '395', 'now'],
  ])('refuses with status, number and words: %#', async (sql, status, code, words) => {
    const answer = await ask(sql)
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([status, code])
    expect(answer.text).toMatch(new RegExp(`^Code: ${code}. DB::Exception: .*${words}.*\\(version `, 's'))
  })

  test('frames an exception behind data with the tag that it announced, and breaks off', async () => {
    const sql = 'SELECT throwIf(number = 1000000) FROM numbers(2000000) FORMAT CSV'
    const answer = await fetch(front.url, { method: 'POST', body: sql, headers: key })
    expect(answer.status).toBe(200)
    const tag = answer.headers.get('x-clickhouse-exception-tag')
    let last = ''
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) last = `${last}${Buffer.from(chunk)}`.slice(-2_000)
    })()
    await expect(reading).rejects.toThrow('terminated')
    const frame = new RegExp(
      `\\r\\n__exception__\\r\\n${tag}\\r\\n(Code: 395.*\\n)(\\d+) ${tag}\\r\\n__exception__\\r\\n$`,
      's',
    )
    const [, message = '', length] = frame.exec(last) ?? []
    expect(Number(length)).toBe(Buffer.byteLength(message))
    expect(message).toContain('DB::Exception')
  })

  test('reads and writes compressed bodies', async () => {
    await ask('CREATE TABLE packed (n UInt8) ENGINE = Memory')
    const query = "INSERT INTO packed SELECT n FROM input('n UInt8') FORMAT CSV"
    await ask(Uint8Array.from(gzipSync('1\n2\n')), { query }, { ...key, 'Content-Encoding': 'gzip' })
    await ask(Uint8Array.from(deflateSync('3\n')), { query }, { ...key, 'Content-Encoding': 'deflate' })
    expect((await ask('SELECT sum(n) FROM packed')).text).toBe('6\n')
    const unknown = await ask('x', { query }, { ...key, 'Content-Encoding': 'snappy' })
    expect(unknown.text).toContain('UNKNOWN_COMPRESSION_METHOD')

    // Without fetch, which unpacks by itself.
    const packed = await new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
      const headers = { ...key, 'Accept-Encoding': 'gzip' }
      const url = `${front.url}/?enable_http_compression=1`
      request(url, { method: 'POST', headers }, (answer) => {
        text(answer.setEncoding('latin1')).then(
          (body) => resolve({ encoding: answer.headers['content-encoding'], body: Buffer.from(body, 'latin1') }),
          reject,
        )
      }).end('SELECT number FROM numbers(1000)')
    })
    expect(packed.encoding).toBe('gzip')
    expect(gunzipSync(packed.body).toString().split('\n')).toHaveLength(1_001)
  })
})
