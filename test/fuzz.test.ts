import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorCatalogue } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Requests of each kind; the nightly figure is some ten thousands. */
const runs = Number(process.env.BARKEEP_FUZZ_RUNS ?? 150)
/** What takes longer than this hangs, on however slow a machine. */
const patienceMs = 60_000

let directory: string
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-fuzz-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  await send(
    'POST',
    '/v1/bars/1m',
    'instrument,ts,open,high,low,close,volume\nSIM:1,2024-03-04T01:00:00Z,1,1,1,1,1\n',
    'text/csv',
  )
  await send('POST', '/v1/datasets/birds/rows?key=No', '[{"No":"1","Count":1,"Wild":true,"名":"鳥"}]')
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

async function send(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>, type = 'application/json') {
  const answer = await fetch(server.url + path, {
    method,
    signal: AbortSignal.timeout(patienceMs),
    ...(body !== undefined && { body, headers: { 'content-type': type } }),
  })
  return { status: answer.status, text: await answer.text() }
}

/** An answer is a success, or a problem of the catalogue that is the caller's fault. */
function expectSound({ status, text }: { status: number; text: string }, what: string): void {
  expect([what, status < 500]).toEqual([what, true])
  if (status < 400) return
  const problem = JSON.parse(text)
  expect([what, Object.keys(errorCatalogue)]).toEqual([what, expect.arrayContaining([problem.code])])
  expect([what, problem.status]).toEqual([what, status])
  expect(text).not.toContain(directory)
  expect(text).not.toMatch(/DB::|\bat .*\.[jt]s:\d/)
}

const awkward = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    '',
    "'",
    '\\',
    '`',
    '%',
    '\u0000',
    '\n',
    '{p0:String}',
    '1 OR 1=1',
    "'); DROP TABLE bars_1m; --",
    'null',
    'NaN',
  ),
  fc.constantFrom(
    '-1',
    '0',
    '1e309',
    '99999999999999999999',
    '0x10',
    '1.5',
    '٣',
    '2024-02-30',
    '2024-03-04',
    '9999-12-31',
  ),
  fc.constantFrom(
    '2024-03-04T01:00:00Z',
    '2024-03-04T01:00:00',
    '2024-03-04T25:00:00Z',
    'SIM:1',
    'SIM:',
    'XX:1',
    'SIM:1,SIM:1',
    ',',
    ',,',
  ),
  fc.constantFrom(
    '1m',
    '1h',
    '1d',
    '1w',
    '5m',
    'csv',
    'arrow',
    'parquet',
    'json',
    'ndjson',
    'any',
    'previous',
    'true',
    'open,close',
  ),
)
const barsParameter = fc.constantFrom(
  'interval',
  'base',
  'instruments',
  'exchange',
  'start',
  'end',
  'columns',
  'final',
  'fill',
  'limit',
  'cursor',
  'format',
)
const rowsParameter = fc.constantFrom(
  'No',
  'Count',
  'Wild',
  '名',
  'Count.gt',
  'No.in',
  'Wild.lt',
  '名.gte',
  'sort',
  'fields',
  'limit',
  'cursor',
  'format',
)

function queries(parameter: fc.Arbitrary<string>) {
  const name = fc.oneof({ weight: 9, arbitrary: parameter }, { weight: 1, arbitrary: awkward })
  return fc.array(fc.tuple(name, awkward), { maxLength: 6 })
}

function queryString(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`)
    .join('&')
}

test('no query of bars makes the server fail', async () => {
  await fc.assert(
    fc.asyncProperty(queries(barsParameter), fc.boolean(), async (pairs, withInterval) => {
      const path = `/v1/bars?${withInterval ? 'interval=1m&' : ''}${queryString(pairs)}`
      expectSound(await send('GET', path), path)
    }),
    { numRuns: runs },
  )
}, 3_600_000)

test('no query of rows makes the server fail', async () => {
  await fc.assert(
    fc.asyncProperty(queries(rowsParameter), async (pairs) => {
      const path = `/v1/datasets/birds/rows?${queryString(pairs)}`
      expectSound(await send('GET', path), path)
    }),
    { numRuns: runs },
  )
}, 3_600_000)

test('no path makes the server fail', async () => {
  const places = fc.constantFrom(
    '/v1/bars/',
    '/v1/exchanges/',
    '/v1/instruments/',
    '/v1/calendar/',
    '/v1/datasets/',
    '/v1/datasets/birds/rows/',
    '/',
  )
  await fc.assert(
    fc.asyncProperty(
      places,
      awkward,
      fc.constantFrom('GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'),
      async (place, rest, method) => {
        const path = place + encodeURIComponent(rest.toWellFormed())
        const answer = await send(method, path)
        if (method === 'HEAD') expect([path, answer.status < 500]).toEqual([path, true])
        else expectSound(answer, path)
      },
    ),
    { numRuns: runs },
  )
}, 3_600_000)

const types = fc.constantFrom(
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'application/vnd.apache.arrow.stream',
  'application/vnd.apache.parquet',
  'text/plain',
)
const bar = fc.record(
  {
    instrument: fc.oneof(fc.constantFrom('SIM:1', 'SIM:2', 'NOPE:1', ''), awkward),
    ts: fc.oneof(fc.constantFrom('2024-03-04T01:00:00Z', '2024-03-04T01:00:30Z', '1800-01-01T00:00:00Z'), awkward),
    open: fc.oneof(fc.constant(1), fc.double(), awkward),
    high: fc.oneof(fc.constant(1), fc.double()),
    low: fc.oneof(fc.constant(1), fc.double()),
    close: fc.oneof(fc.constant(1), fc.double()),
    volume: fc.oneof(fc.nat(), fc.double(), fc.bigInt().map(String), fc.constant(null)),
    turnover: fc.option(fc.double()),
    trades: fc.option(fc.integer()),
  },
  { requiredKeys: [] },
)
const bodies = fc.oneof(
  fc.array(bar, { maxLength: 5 }).map((rows) => JSON.stringify(rows)),
  fc.array(bar, { maxLength: 5 }).map((rows) => rows.map((row) => JSON.stringify(row)).join('\n')),
  fc
    .array(bar, { minLength: 1, maxLength: 5 })
    .map((rows) =>
      ['instrument,ts,open,high,low,close,volume', ...rows.map((row) => Object.values(row).join(','))].join('\n'),
    ),
  fc.json(),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.toWellFormed()),
)

test('no body of bars makes the server fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('1m', '1h', '1d'), types, bodies, async (interval, type, body) => {
      expectSound(await send('POST', `/v1/bars/${interval}`, body, type), `${interval} ${type} ${String(body)}`)
    }),
    { numRuns: runs },
  )
}, 3_600_000)

test('no body of rows makes the server fail', async () => {
  const names = fc.constantFrom('birds', 'fresh-a', 'fresh-b', 'Bad Name')
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.oneof(fc.constantFrom('No', 'ts', 'instrument', 'No,ts'), awkward),
      types,
      bodies,
      async (name, key, type, body) => {
        const path = `/v1/datasets/${encodeURIComponent(name)}/rows?key=${encodeURIComponent(key.toWellFormed())}`
        expectSound(await send('POST', path, body, type), `${path} ${type} ${String(body)}`)
      },
    ),
    { numRuns: runs },
  )
}, 3_600_000)

test('no body of reference data makes the server fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/v1/instruments', '/v1/exchanges'), bodies, async (path, body) => {
      expectSound(await send('POST', path, body), `${path} ${String(body)}`)
    }),
    { numRuns: runs },
  )
}, 3_600_000)

test('a window of ten thousand years is refused wherever one can be told, and the widest that is not is answered', async () => {
  const [wide, widest] = ['9999-12-31', '2105-12-31']
  const ask = (end: string) => [
    send('GET', `/v1/gaps?exchange=SIM&start=1970-01-01&end=${end}`),
    send('GET', `/v1/calendar/SIM?start=1970-01-01&end=${end}&detail=true`),
    send('POST', '/v1/backfills?dry_run=true', JSON.stringify({ exchange: 'SIM', start: '1970-01-01', end })),
  ]
  for (const answer of ask(wide)) expect(JSON.parse((await answer).text).code).toBe('INVALID_PARAMETER')
  for (const answer of ask(widest)) expect(await answer).toMatchObject({ status: 200 })
})
