import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiDocument, type FuzzedRequest, type JsonSchema, requestsTo } from './openapi-requests.js'

/** Requests of the whole run: four times those of each kind in fuzz.test.ts, so that BARKEEP_FUZZ_RUNS=5000 sends 20,000. */
const runs = 4 * Number(process.env.BARKEEP_FUZZ_RUNS ?? 150)
/** A long run collects what it finds, one of each kind; a short one stops at the first and shrinks it. */
const isLong = process.env.BARKEEP_FUZZ_RUNS !== undefined
/** What takes longer than this hangs, on however slow a machine. */
const patienceMs = 60_000

let directory: string
let upstream: Server
let server: RunningServer
let document: ApiDocument
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

beforeAll(async () => {
  // Crawls that the requests order must go nowhere.
  upstream = createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening))
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` // it listens on TCP
  const ids = ['twse', 'yahoo', 'worldtradingdata']
  directory = mkdtempSync(join(tmpdir(), 'barkeep-openapi-fuzz-'))
  const flags = Object.fromEntries(ids.map((id) => [`connectors.${id}.baseUrl`, baseUrl]))
  server = await startServer(loadConfig({ flags: { ...flags, data: directory, port: '0' } }))
  const csv = 'instrument,ts,open,high,low,close,volume\nSIM:1,2024-03-04T01:00:00Z,1,1,1,1,1\n'
  const rows = '[{"No":"1","Count":1,"Wild":true,"名":"鳥"},{"No":"2","Count":null,"Wild":false,"名":""}]'
  await seed(plain('POST', '/v1/bars/1m', csv, 'text/csv'))
  await seed(plain('POST', '/v1/datasets/birds/rows?key=No', rows, 'application/json'))
  document = JSON.parse(await seed(plain('GET', '/openapi.json')))
})

afterAll(async () => {
  agent.destroy()
  await server?.close()
  upstream?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function seed(request: FuzzedRequest): Promise<string> {
  const { status, body } = await send(request)
  expect([request.url, status < 300, body.toString()]).toEqual([request.url, true, expect.anything()])
  return body.toString()
}

function plain(method: string, url: string, body?: string, type?: string): FuzzedRequest {
  return { method, route: url, url, headers: type === undefined ? {} : { 'content-type': type }, body }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Sends what fetch would mend or refuse. */
function send({ method, url, headers, body }: FuzzedRequest): Promise<Answer> {
  const { hostname, port } = new URL(server.url)
  // One of the requests may make a key, and then all need one.
  const authorization = `Bearer ${server.ownerKey}`
  // Told with every body, or what follows one of a GET would be read as the next request.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        agent,
        method,
        hostname,
        port,
        path: url,
        headers: { authorization, ...headers, ...length },
        timeout: patienceMs,
      },
      (response) => {
        // Events go on for as long as somebody listens.
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          response.destroy()
          return resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.alloc(0) })
        }
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patienceMs} ms`)))
    request.on('error', reject)
    request.end(body)
  })
}

const validators = new Map<JsonSchema, ReturnType<typeof Compile>>()

function faultsOf(schema: JsonSchema, value: unknown): unknown {
  let validator = validators.get(schema)
  if (validator === undefined) {
    validator = Compile(schema)
    validators.set(schema, validator)
  }
  return validator.Check(value) ? [] : validator.Errors(value)[1]
}

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
}

/** What of an answer its description does not say; empty for one that holds. */
function breaches(request: FuzzedRequest, { status, headers, body: sent }: Answer): unknown[] {
  if (status >= 500) return [`status ${status}`, sent.toString().slice(0, 1_000)]
  const { method } = request
  const operation = document.paths[request.route]?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  const problem = status >= 400 ? document.components.responses.Problem : undefined
  const declared = operation?.responses[status] ?? problem
  if (declared === undefined) return [`status ${status} is not declared`]
  const isMinimal = headers['preference-applied'] === 'return=minimal'
  if (method === 'HEAD' || status === 204 || status === 304 || isMinimal) return sent.length === 0 ? [] : ['a body']
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? ''
  const media = declared.content?.[type]
  if (media === undefined) return [`type '${type}' of ${status} is not declared`]
  const body = decoders[String(headers['content-encoding'])]?.(sent) ?? sent
  if (body.includes(directory) || /DB::|\bat .*\.[jt]s:\d/.test(body.toString('latin1'))) return ['tells of its inside']
  if (type === 'application/x-ndjson') {
    const lines = body
      .toString()
      .split('\n')
      .filter((line) => line !== '')
    return lines.flatMap((line) => faultsOf(media.schema, JSON.parse(line)))
  }
  return type.endsWith('json') ? [faultsOf(media.schema, JSON.parse(body.toString()))].flat() : []
}

test('no request makes an operation of the description fail, hang or answer what it does not declare', async () => {
  const counts = new Map<string, number>()
  const found = new Map<string, unknown>()
  await fc.assert(
    fc.asyncProperty(requestsTo(document), async (request) => {
      const answer = await send(request)
      counts.set(String(answer.status), (counts.get(String(answer.status)) ?? 0) + 1)
      const wrong = breaches(request, answer)
      if (!isLong) expect([request, wrong]).toEqual([request, []])
      else if (wrong.length > 0) found.set(`${request.method} ${request.route} ${answer.status}`, [request, wrong])
    }),
    { numRuns: runs },
  )
  if (isLong) console.info('answers by status:', Object.fromEntries([...counts].sort()))
  expect(Object.fromEntries(found)).toEqual({})
  // A run that only ever meets refusals has tried nothing.
  expect([...counts.keys()]).toEqual(expect.arrayContaining(['200', '201', '400', '404']))
}, 3_600_000)
