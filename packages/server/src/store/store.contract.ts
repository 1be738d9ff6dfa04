import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oneArrowStream, readArrow, rowsOfChunks } from './engine/arrow-chunks.contract.js'
import type { OutputFormat, Param, Store } from './store.js'

export interface OpenedStore {
  readonly store: Store
  /** Closes the store and takes away what it stood on. */
  close(): Promise<void>
}

/** Big answers at the same time in the store under test. */
const streamsMax = 2

/** What every store does, whatever it stands on. `open` gives a new, empty one. */
export function storeContract(name: string, open: (streamsMax: number) => Promise<OpenedStore>): void {
  describe(`${name}: a store`, () => {
    let opened: OpenedStore
    let store: Store
    let tables = 0

    beforeAll(async () => {
      opened = await open(streamsMax)
      store = opened.store
    })
    afterAll(() => opened.close())

    /** A new table of these columns. */
    const table = async (columns: string) => {
      const created = `contract_${tables++}`
      await store.command(`CREATE TABLE ${created} (${columns}) ENGINE = MergeTree ORDER BY tuple()`)
      return created
    }
    const count = async (of: string) => (await store.rows<{ n: number }>(`SELECT count() AS n FROM ${of}`))[0]?.n
    const stream = (sql: string, format: OutputFormat = 'CSV', signal?: AbortSignal) =>
      store.stream(sql, {}, format, signal)
    /** Queries that run and contain a text, this one aside. */
    const running = async (text: string) => {
      const rows = await store.rows<{ query: string }>('SELECT query FROM system.processes')
      return rows.filter(({ query }) => query.includes(text)).length
    }
    const endless = (mark: string) => `SELECT number AS ${mark} FROM system.numbers`

    describe('values', () => {
      const nasty = 'it\'s "quoted" \\ back\\slash \\n\n line\r\n\t tab {x:String} %41 &a=b +1 漢字 🐦 ?'
      const cases: [string, Param, unknown][] = [
        ['String', nasty, nasty],
        ['String', '', ''],
        ['String', '\\N', '\\N'],
        ['Array(String)', [nasty, '', "'", '\\', ']', ','], [nasty, '', "'", '\\', ']', ',']],
        ['Array(String)', [], []],
        ['Array(UInt32)', [0, 1, 4_294_967_295], [0, 1, 4_294_967_295]],
        ['Array(Float64)', [-0.5, 1e-300], [-0.5, 1e-300]],
        ['Int64', -9_007_199_254_740_991, -9_007_199_254_740_991],
        ['UInt64', 9_007_199_254_740_991, 9_007_199_254_740_991],
        ['Float64', -1.5e-7, -1.5e-7],
        ['Bool', true, true],
        ['Bool', false, false],
      ]

      test.each(cases)('a %s reads back as it was bound: %j', async (type, value, expected) => {
        expect(await store.rows(`SELECT {value:${type}} AS value`, { value })).toEqual([{ value: expected }])
        const written = await table(`value ${type}`)
        await store.command(`INSERT INTO ${written} SELECT {value:${type}}`, { value })
        expect(await store.rows(`SELECT value FROM ${written}`)).toEqual([{ value: expected }])
      })

      test('a whole number beyond what JavaScript holds is bound as text', async () => {
        const rows = await store.rows('SELECT toString({big:UInt64}) AS big', { big: '18446744073709551615' })
        expect(rows).toEqual([{ big: '18446744073709551615' }])
      })

      test('any text reads back, alone and in an array', async () => {
        const text = fc.string({ unit: 'binary', maxLength: 30 })
        await fc.assert(
          fc.asyncProperty(text, fc.array(text, { maxLength: 4 }), async (one, many) => {
            const rows = await store.rows('SELECT {one:String} AS one, {many:Array(String)} AS many', { one, many })
            expect(rows).toEqual([{ one, many }])
          }),
          { numRuns: 50 },
        )
      })

      test('more values than fit into a URL are bound as well', async () => {
        const ids = Array.from({ length: 50_000 }, (_, id) => id * 3)
        const sql = 'SELECT sum(id) AS total FROM (SELECT arrayJoin({ids:Array(UInt32)}) AS id)'
        expect(await store.rows(sql, { ids })).toEqual([{ total: ids.reduce((sum, id) => sum + id, 0) }])
        const written = await table('name String')
        const names = ids.map((id) => `it's ${id} of 漢字`)
        await store.command(`INSERT INTO ${written} SELECT arrayJoin({names:Array(String)})`, { names })
        expect(await store.rows(`SELECT name FROM ${written}`)).toEqual(names.map((written) => ({ name: written })))
      })
    })

    describe('answers', () => {
      test('show instants as ISO text in UTC, whole numbers bare and absence as null or nothing', async () => {
        const sql = `SELECT toDateTime('2026-11-20 01:00:00', 'UTC') AS second, toDateTime64('2026-11-20 01:00:00.5', 3, 'UTC') AS milli,
          toUInt64(9007199254740991) AS big, CAST(NULL, 'Nullable(Float64)') AS absent`
        expect(await store.rows(sql)).toEqual([
          {
            second: '2026-11-20T01:00:00Z',
            milli: '2026-11-20T01:00:00.500Z',
            big: 9_007_199_254_740_991,
            absent: null,
          },
        ])
        expect(await textOf(stream(sql))).toBe('"2026-11-20T01:00:00Z","2026-11-20T01:00:00.500Z",9007199254740991,\n')
      })

      test('of no rows are empty', async () => {
        expect(await store.rows('SELECT 1 WHERE 0')).toEqual([])
        expect(await textOf(stream('SELECT 1 WHERE 0', 'JSONEachRow'))).toBe('')
        expect(await textOf(stream('SELECT 1 WHERE 0'))).toBe('')
        const arrow = await collect(stream('SELECT 1 AS one WHERE 0', 'ArrowStream'))
        expect(rowsOfChunks(arrow)).toBe(0)
      })

      test('of many rows come in chunks, as lines of JSON', async () => {
        const chunks = await collect(stream('SELECT number AS n FROM numbers(500000)', 'JSONEachRow'))
        expect(chunks.length).toBeGreaterThan(1)
        const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
        expect(lines).toHaveLength(500_000)
        expect(lines.every((line, n) => line === `{"n":${n}}`)).toBe(true)
      })

      test('of many rows come as CSV', async () => {
        const lines = (await textOf(stream('SELECT number, toString(number) FROM numbers(500000)'))).split('\n')
        expect(lines.pop()).toBe('')
        expect(lines.every((line, n) => line === `${n},"${n}"`)).toBe(true)
        expect(lines).toHaveLength(500_000)
      })

      test('of many rows come as chunks of whole Arrow messages', async () => {
        const sql = 'SELECT number AS n, if(number % 3 = 0, NULL, toString(number)) AS name FROM numbers(500000)'
        const chunks = await collect(stream(sql, 'ArrowStream'))
        expect(chunks.length).toBeGreaterThan(1)
        expect(rowsOfChunks(chunks)).toBe(500_000)
        const read = readArrow(chunks)
        expect(read.getChild('n').at(499_999)).toBe(499_999)
        expect([read.getChild('name').at(0), read.getChild('name').at(499_999)]).toEqual([null, '499999'])
      })

      test('of many rows come as one Parquet file', async () => {
        const sql = "SELECT number AS n, toDateTime64(number, 3, 'UTC') AS ts FROM numbers(500000)"
        const spooled = await store.spool(stream(sql, 'Parquet'), 100_000_000)
        expect(await spooled.describe('Parquet')).toEqual([
          { name: 'n', type: expect.stringContaining('UInt64') },
          { name: 'ts', type: expect.stringContaining("DateTime64(3, 'UTC')") },
        ])
        const written = await table("n UInt64, ts DateTime64(3, 'UTC')")
        const structure = "n UInt64, ts DateTime64(3, 'UTC')"
        await spooled.insert({ table: written, select: 'n, ts', structure, format: 'Parquet' })
        await spooled.dispose()
        expect(await store.rows(`SELECT count() AS n, max(ts) AS last FROM ${written}`)).toEqual([
          { n: 500_000, last: '1970-01-06T18:53:19.000Z' },
        ])
      })

      test('that would fill the memory as objects are refused', async () => {
        const rows = store.rows("SELECT repeat('x', 1000000) AS x FROM numbers(80)")
        await expect(rows).rejects.toMatchObject({ code: 'REQUEST_TOO_COMPLEX' })
      })
    })

    describe('what nobody waits for', () => {
      test.each(['JSONEachRow', 'CSV', 'ArrowStream'] as const)(
        'as %s is stopped when the loop is left',
        async (format) => {
          for (let turn = 0; turn < 2 * streamsMax; turn++) {
            for await (const chunk of stream(endless('left'), format)) {
              expect(chunk.byteLength).toBeGreaterThan(0)
              break
            }
          }
          await expect.poll(() => running('left')).toBe(0)
        },
      )

      test.each([
        ['JSONEachRow', endless('aborted')],
        ['ArrowStream', endless('aborted')],
        ['Parquet', endless('aborted')],
        ['CSV', 'SELECT count() AS aborted FROM system.numbers'],
      ] as const)('as %s is stopped by the signal, whose reason is thrown: %s', async (format, sql) => {
        const controller = new AbortController()
        const reading = collect(stream(sql, format, controller.signal))
        await Promise.all([
          expect(reading).rejects.toThrow('the caller is gone'),
          expect
            .poll(() => running('aborted'))
            .toBe(1)
            .then(() => controller.abort(new Error('the caller is gone'))),
        ])
        await expect.poll(() => running('aborted')).toBe(0)
      })

      test('is not begun when the signal has spoken before, or while waiting for others', async () => {
        const gone = AbortSignal.abort(new Error('the caller is gone'))
        await expect(collect(stream(endless('never'), 'CSV', gone))).rejects.toThrow('the caller is gone')

        const busy = await Promise.all(Array.from({ length: streamsMax }, () => begin(stream(endless('busy')))))
        const controller = new AbortController()
        const waiting = collect(stream(endless('never'), 'CSV', controller.signal))
        controller.abort(new Error('the caller is gone'))
        await expect(waiting).rejects.toThrow('the caller is gone')
        expect(await running('never')).toBe(0)
        for (const one of busy) await one.return?.()
        expect(await textOf(stream('SELECT 1'))).toBe('1\n')
      })
    })

    describe('many at once', () => {
      test('small reads and writes do not wait behind big answers, which wait for each other', async () => {
        const written = await table('n UInt64')
        const [first, ...others] = await Promise.all(
          Array.from({ length: streamsMax }, () => begin(stream(endless('slow')))),
        )
        const next = textOf(stream('SELECT 42'))
        await store.command(`INSERT INTO ${written} SELECT 1`)
        const sums = await Promise.all(
          Array.from({ length: 40 }, (_, n) => store.rows(`SELECT sum(n) + {n:UInt32} AS sum FROM ${written}`, { n })),
        )
        expect(sums).toEqual(sums.map((_, n) => [{ sum: n + 1 }]))
        await first?.return?.()
        expect(await next).toBe('42\n')
        for (const one of others) await one.return?.()
      })
    })

    describe('errors', () => {
      test.each([
        ['an unknown column', 'SELECT nope FROM numbers(1)', 47, 'nope'],
        ['an unknown table', 'SELECT * FROM nope', 60, 'nope'],
        ['a syntax error', 'SELEKT 1', 62, 'Syntax error'],
        ['a value that is not of its type', 'SELECT {n:UInt8} AS n', 457, 'n'],
      ])('name %s by the number and the words of the engine', async (_, sql, engineCode, word) => {
        const params = { n: 'many' }
        const refused = { name: 'EngineError', engineCode, reason: expect.stringContaining(word) }
        await expect(store.rows(sql, params)).rejects.toMatchObject(refused)
        await expect(collect(store.stream(sql, params, 'CSV'))).rejects.toMatchObject(refused)
        await expect(collect(store.stream(sql, params, 'Parquet'))).rejects.toMatchObject(refused)
        await expect(store.command(sql, params)).rejects.toMatchObject(refused)
      })

      test.each(['JSONEachRow', 'CSV', 'ArrowStream'] as const)(
        'in the middle of an answer as %s end it as errors, not as a short answer',
        async (format) => {
          const chunks: Uint8Array[] = []
          const reading = (async () => {
            const sql = "SELECT number, throwIf(number = 1000000, 'the second million') AS ok FROM numbers(5000000)"
            for await (const chunk of stream(sql, format)) chunks.push(chunk)
          })()
          await expect(reading).rejects.toMatchObject({
            name: 'EngineError',
            engineCode: 395,
            reason: expect.stringContaining('the second million'),
          })
          expect(chunks.length).toBeGreaterThan(0)
          expect(Buffer.concat(chunks).includes('__exception__')).toBe(false)
          expect(Buffer.concat(chunks).includes('DB::Exception')).toBe(false)
        },
      )

      test('of a body speak of the data and of no path', async () => {
        const written = await table('n UInt8')
        const request = { table: written, select: 'n', structure: 'n UInt8', format: 'CSVWithNames' as const }
        const refused = store.insert({ ...request, body: bytes('n\n1\nmany\n'), bytesMax: 100 })
        await expect(refused).rejects.toMatchObject({ name: 'EngineError' })
        const error = await refused.catch((caught: { reason: string }) => caught)
        expect(error).toMatchObject({ reason: expect.stringMatching(/^(Expected end of line|Cannot parse)/) })
        expect(error).not.toMatchObject({ reason: expect.stringMatching(/\/|spool|bodies|[0-9a-f]{8}-/) })
      })
    })

    describe('bodies', () => {
      const structure = 'name Nullable(String), n Nullable(Int64)'
      const expected = [
        { name: "it's", n: 1 },
        { name: '漢字', n: null },
        { name: 'a,"b"', n: -3 },
      ]
      const insert = (written: string, format: 'JSONEachRow' | 'CSVWithNames', body: AsyncIterable<Uint8Array>) =>
        store.insert({
          table: written,
          select: 'rowNumberInAllBlocks(), name, n, {source:String}',
          params: { source: "o'brien\\\n" },
          structure,
          format,
          body,
          bytesMax: 10_000_000,
        })
      const bodyTable = () => table('row UInt64, name Nullable(String), n Nullable(Int64), source String')

      test.each([
        ['JSONEachRow', expected.map((row) => `${JSON.stringify(row)}\n`).join('')],
        ['JSONEachRow', JSON.stringify(expected)],
        ['CSVWithNames', 'name,n\nit\'s,1\n漢字,\n"a,""b""",-3\n'],
        ['CSVWithNames', 'n,name\r\n1,it\'s\r\n,漢字\r\n-3,"a,""b"""\r\n'],
      ] as const)('are inserted from %s, with values beside them: %j', async (format, text) => {
        const written = await bodyTable()
        await insert(written, format, bytes(text))
        const rows = await store.rows(`SELECT * FROM ${written} ORDER BY row`)
        expect(rows).toEqual(expected.map((row, at) => ({ row: at, ...row, source: "o'brien\\\n" })))
      })

      test.each(['ArrowStream', 'Parquet'] as const)('are inserted from %s', async (format) => {
        const made = `SELECT * FROM format(JSONEachRow, '${structure}', {json:String})`
        const json = expected.map((row) => JSON.stringify(row)).join('\n')
        const chunks = await collect(store.stream(made, { json }, format))
        const written = await table(structure)
        const body = bytesOf(format === 'ArrowStream' ? [oneArrowStream(chunks)] : chunks)
        await store.insert({ table: written, select: 'name, n', structure, format, body, bytesMax: 1_000_000 })
        expect(await store.rows(`SELECT * FROM ${written}`)).toEqual(expected)
      })

      test('keep the order of their rows, however many there are', async () => {
        const written = await bodyTable()
        const lines = Array.from({ length: 400_000 }, (_, n) => `x,${n}\n`)
        await insert(written, 'CSVWithNames', bytes(`name,n\n${lines.join('')}`))
        expect(await store.rows(`SELECT count() AS total, countIf(row != n) AS moved FROM ${written}`)).toEqual([
          { total: 400_000, moved: 0 },
        ])
      })

      test('of no rows write none', async () => {
        const written = await bodyTable()
        await insert(written, 'JSONEachRow', bytes('[]'))
        await insert(written, 'CSVWithNames', bytes('name,n\n'))
        expect(await count(written)).toBe(0)
      })

      test('that are too large are refused before anything is written', async () => {
        const written = await bodyTable()
        const lines = (async function* () {
          while (true) yield Buffer.from('{"name":"x","n":1}\n'.repeat(10_000))
        })()
        await expect(insert(written, 'JSONEachRow', lines)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' })
        expect(await count(written)).toBe(0)
      })

      test('that break off write nothing, and what broke is thrown', async () => {
        const written = await bodyTable()
        const broken = (async function* () {
          yield Buffer.from('{"name":"x","n":1}\n'.repeat(100_000))
          throw new Error('the line is dead')
        })()
        await expect(insert(written, 'JSONEachRow', broken)).rejects.toThrow('the line is dead')
        expect(await count(written)).toBe(0)
      })

      test.each([
        ['JSONEachRow', '{"name":"x","n":1}\n{"name":"y","n":'],
        ['JSONEachRow', '{"name":"x","n":1,"volumn":3}'],
        ['JSONEachRow', '[{"name":"x","n":1}'],
        ['CSVWithNames', 'name,n\nx,1\ny,one\n'],
      ] as const)('that are no sound %s write nothing: %s', async (format, text) => {
        const written = await bodyTable()
        await expect(insert(written, format, bytes(text))).rejects.toMatchObject({ name: 'EngineError' })
        expect(await count(written)).toBe(0)
      })

      test.each(['ArrowStream', 'Parquet'] as const)('that are no sound %s write nothing', async (format) => {
        const written = await table(structure)
        const body = bytes('no such format, but some length of text')
        const refused = store.insert({ table: written, select: '*', structure, format, body, bytesMax: 1_000 })
        await expect(refused).rejects.toMatchObject({ name: 'EngineError' })
        expect(await count(written)).toBe(0)
      })
    })

    describe('spooled bodies', () => {
      const nullable = [
        { name: 'day', type: 'Nullable(Date)' },
        { name: 'count', type: 'Nullable(Int64)' },
        { name: 'height', type: 'Nullable(Float64)' },
        { name: 'place', type: 'Nullable(String)' },
      ]

      test.each([
        ['JSONEachRow', '{"day":"2020-01-02","count":3,"height":1.5,"place":"玉山"}\n{"day":"2020-01-03","count":4}\n'],
        ['JSONEachRow', '[{"day":"2020-01-02","count":3,"height":1,"place":"玉山"},{"height":1.5}]'],
        ['CSVWithNames', 'day,count,height,place\n2020-01-02,3,1.5,"玉\n山"\n2020-01-03,4,,\n'],
      ] as const)('tell the columns that %s has, then are inserted: %s', async (format, text) => {
        const spooled = await store.spool(bytes(text), 1_000)
        expect(spooled.bytes).toBe(Buffer.byteLength(text))
        const columns = await spooled.describe(format)
        expect(columns).toEqual(nullable)
        const structure = columns.map(({ name: column, type }) => `${column} ${type}`).join(', ')
        const written = await table(structure)
        await spooled.insert({ table: written, select: '*', structure, format })
        await spooled.insert({ table: written, select: '*', structure, format })
        expect(await count(written)).toBe(4)
        await spooled.dispose()
        await spooled.dispose()
      })

      test('tell the columns of Arrow', async () => {
        const chunks = await collect(stream("SELECT toUInt32(1) AS n, 'x' AS name, [1.5] AS list", 'ArrowStream'))
        const spooled = await store.spool(bytesOf([oneArrowStream(chunks)]), 10_000)
        const columns = await spooled.describe('ArrowStream')
        expect(columns.map(({ name: column }) => column)).toEqual(['n', 'name', 'list'])
        expect(columns[0]?.type).toContain('UInt32')
        await spooled.dispose()
      })

      test('larger than the sample are described from their beginning', async () => {
        const line = `{"n":1,"text":"${'x'.repeat(1_000)}"}\n`
        const body = (async function* () {
          for (let lines = 0; lines < 12_000; lines++) yield Buffer.from(line)
          yield Buffer.from('{"n":"not a number"}\n')
        })()
        const spooled = await store.spool(body, 20_000_000)
        expect(await spooled.describe('JSONEachRow')).toEqual([
          { name: 'n', type: 'Nullable(Int64)' },
          { name: 'text', type: 'Nullable(String)' },
        ])
        await spooled.dispose()
      })

      test.each(['JSONEachRow', 'ArrowStream', 'Parquet'] as const)(
        'that are no %s cannot be described',
        async (format) => {
          const spooled = await store.spool(bytes('no such format, but some length of text'), 1_000)
          await expect(spooled.describe(format)).rejects.toMatchObject({ name: 'EngineError' })
          await spooled.dispose()
        },
      )
    })
  })

  describe(`${name}: closing a store`, () => {
    test('waits for what runs, and refuses what comes after', async () => {
      const { store, close } = await open(streamsMax)
      const chunks = stream5M(store)
      await chunks.next()
      const closing = store.close()
      let lines = 0
      for await (const chunk of { [Symbol.asyncIterator]: () => chunks })
        lines += Buffer.from(chunk).toString().split('\n').length
      expect(lines).toBeGreaterThan(1_000_000)
      await closing
      const unavailable = { code: 'STORE_UNAVAILABLE' }
      await expect(store.rows('SELECT 1')).rejects.toMatchObject(unavailable)
      await expect(store.command('SELECT 1')).rejects.toMatchObject(unavailable)
      await expect(collect(store.stream('SELECT 1', {}, 'CSV'))).rejects.toMatchObject(unavailable)
      await store.close()
      await close()
    })
  })
}

function stream5M(store: Store): AsyncIterator<Uint8Array> {
  return store.stream('SELECT number FROM numbers(5000000)', {}, 'CSV')[Symbol.asyncIterator]()
}

async function begin(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterator<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]()
  await iterator.next()
  return iterator
}

/** Copies, because the engine may use the memory of a chunk again. */
async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(Uint8Array.from(chunk))
  return all
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(chunks)).toString()
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

async function* bytesOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
