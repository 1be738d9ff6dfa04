import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type FrontOptions, startClickhouseFront } from '../../../../../test/clickhouse-front/clickhouse-front.js'
import { insertRowsContract } from '../insert-rows.contract.js'
import { type OpenedStore, storeContract } from '../store.contract.js'
import { type ClickhouseSettings, clickhouseAddress } from './clickhouse-address.js'
import { openClickhouseStore } from './clickhouse-store.js'

function openStore(directory: string, settings: Partial<ClickhouseSettings>, streamsMax = 2) {
  return openClickhouseStore({
    address: clickhouseAddress({ url: '', user: '', password: '', database: '', ...settings }),
    spoolDirectory: join(directory, 'spool'),
    streamsMax,
    silenceMsMax: 30_000,
  })
}

const directories: string[] = []

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-clickhouse-'))
  directories.push(directory)
  return directory
}

async function open(streamsMax: number): Promise<OpenedStore> {
  const directory = newDirectory()
  const front = await startClickhouseFront({ directory })
  const store = await openStore(directory, { url: front.url }, streamsMax)
  return {
    store,
    async close() {
      await store.close()
      await front.close()
    },
  }
}

storeContract('a ClickHouse server', open)
insertRowsContract('a ClickHouse server', open)

const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startFront(options: Omit<FrontOptions, 'directory'> = {}) {
  const directory = newDirectory()
  const front = await startClickhouseFront({ directory, ...options })
  closers.push(() => front.close())
  const open = async (settings: Partial<ClickhouseSettings> = {}) => {
    const store = await openStore(directory, { url: front.url, ...settings })
    closers.push(() => store.close())
    return store
  }
  return { front, directory, open }
}

async function startServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => server.close())
  const { port } = server.address() as AddressInfo // a TCP server's address is never a path
  return `http://127.0.0.1:${port}`
}

const unavailable = (...words: string[]) =>
  expect.objectContaining({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(new RegExp(words.join('.*'))),
  })

describe('a ClickHouse server that cannot be used', () => {
  test('because none listens, is named with the cure', async () => {
    const url = await startServer(() => undefined)
    await closers.pop()?.()
    const opening = openStore(newDirectory(), { url: url.replace('//', '//barkeep:secret@') })
    await expect(opening).rejects.toEqual(unavailable(url, 'ECONNREFUSED', 'store.url'))
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
  })

  test('because it refuses the user, is named without the password', async () => {
    const { front, open } = await startFront({ user: 'barkeep', password: 'right:?%' })
    const opening = open({ user: 'barkeep', password: 'secret' })
    await expect(opening).rejects.toEqual(unavailable("refuses the user 'barkeep'", 'store.password'))
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
    const store = await open({ url: front.url.replace('//', '//barkeep:right%3A%3F%25@') })
    expect(await store.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(front.requests.every(({ url }) => !url.includes('right'))).toBe(true)
  })

  test('because it has no such database, is named with the database', async () => {
    const { front, open } = await startFront()
    await expect(open({ url: `${front.url}/market` })).rejects.toEqual(unavailable("no database 'market'"))
    const store = await open()
    await store.command('CREATE DATABASE market')
    const inMarket = await open({ url: `${front.url}/market` })
    expect(await inMarket.rows('SELECT currentDatabase() AS name')).toEqual([{ name: 'market' }])
  })

  test.each([200, 404, 502])('because something else answers with %i, is named', async (status) => {
    const url = await startServer((_, response) => response.writeHead(status).end('<html>Welcome to secret</html>'))
    const opening = openStore(newDirectory(), { url })
    await expect(opening).rejects.toEqual(unavailable(url, 'not one of ClickHouse'))
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
  })

  test('because it is too old to know a setting, is named with the words of the server', async () => {
    const body = "Code: 115. DB::Exception: Unknown setting 'http_x'. (UNKNOWN_SETTING) (version 21.3.1.1)\n"
    const url = await startServer((_, response) => response.writeHead(404).end(body))
    await expect(openStore(newDirectory(), { url })).rejects.toEqual(unavailable(url, "Unknown setting 'http_x'"))
  })

  test('because it says nothing, is given up', async () => {
    const url = await startServer(() => undefined)
    const address = clickhouseAddress({ url, user: '', password: '', database: '' })
    const spoolDirectory = join(newDirectory(), 'spool')
    const opening = openClickhouseStore({ address, spoolDirectory, streamsMax: 1, silenceMsMax: 50 })
    await expect(opening).rejects.toEqual(unavailable(url, 'silent'))
  })
})

describe('a ClickHouse server that fails in the middle of an answer', () => {
  const failing = "SELECT number, throwIf(number = 1000000, 'the second million') AS ok FROM numbers(5000000)"

  test.each(['JSONEachRow', 'CSV', 'ArrowStream'] as const)(
    'and is old, so that it ends %s as if all were well, gives an error all the same',
    async (format) => {
      const { open } = await startFront({ exceptions: 'bare' })
      const store = await open()
      let seen = 0
      const reading = (async () => {
        for await (const chunk of store.stream(failing, {}, format)) seen += chunk.byteLength
      })()
      await expect(reading).rejects.toMatchObject({
        name: 'EngineError',
        engineCode: 395,
        reason: expect.stringContaining('the second million'),
      })
      expect(seen).toBeGreaterThan(0)
    },
  )

  test.each(['JSONEachRow', 'CSV', 'ArrowStream'] as const)('because it dies gives an error, as %s', async (format) => {
    const { front, open } = await startFront()
    const store = await open()
    const reading = (async () => {
      for await (const _ of store.stream('SELECT number FROM system.numbers', {}, format)) front.cut()
    })()
    await expect(reading).rejects.toEqual(unavailable(front.url, 'ECONNRESET|PREMATURE_CLOSE'))
    expect(await store.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})

describe('what is asked of a ClickHouse server', () => {
  test('has short values in the URL, and long ones in the body', async () => {
    const { front, open } = await startFront()
    const store = await open()
    await store.rows('SELECT {short:String}', { short: 'a&b' })
    expect(front.requests.at(-1)?.url).toContain('param_short=a%26b')
    await store.rows('SELECT {long:String}', { long: 'x'.repeat(5_000) })
    expect(front.requests.at(-1)?.url).not.toContain('xxx')
    expect(front.requests.at(-1)?.params.get('long')).toHaveLength(5_000)
  })

  test('does not begin with half a body: it waits on disk until it is whole, and is gone afterwards', async () => {
    const { front, directory, open } = await startFront()
    const store = await open()
    await store.command('CREATE TABLE t (n UInt8) ENGINE = Memory')
    const asked = front.requests.length
    const body = (async function* () {
      yield Buffer.from('{"n":1}\n')
      expect(readdirSync(join(directory, 'spool'))).toHaveLength(1)
      expect(front.requests).toHaveLength(asked)
    })()
    await store.insert({ table: 't', select: 'n', structure: 'n UInt8', format: 'JSONEachRow', body, bytesMax: 100 })
    expect(readdirSync(join(directory, 'spool'))).toEqual([])
    expect(await store.rows('SELECT n FROM t')).toEqual([{ n: 1 }])
  })

  test('is answered with an error when the table of a long body is missing', async () => {
    const { open } = await startFront()
    const store = await open()
    const body = (async function* () {
      for (let chunk = 0; chunk < 200; chunk++) yield Buffer.from('{"n":1}\n'.repeat(20_000))
    })()
    const insert = { table: 'missing', select: 'n', structure: 'n UInt8', format: 'JSONEachRow', body } as const
    await expect(store.insert({ ...insert, bytesMax: 100_000_000 })).rejects.toMatchObject({ engineCode: 60 })
  })
})
