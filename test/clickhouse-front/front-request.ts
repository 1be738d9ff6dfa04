import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FrontException } from './front-exception.js'

/** What a request asks for, wherever it stood in it. */
export interface FrontRequest {
  readonly queryId: string
  /** Path and query of the URL, as it came. */
  readonly url: string
  readonly query: string
  readonly database: string
  /** Values as text, by the names of their placeholders. */
  readonly params: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<string, string>
  /** The body of an insert, written down. */
  readonly bodyPath?: string
}

/** Bytes of a query that a server parses unless told otherwise; data of an insert does not count. */
const queryBytesMaxDefault = 262_144
const bodyBytesMax = 33_554_432

/** Throws FrontException for a query that is too long or missing. */
export async function readRequest(message: IncomingMessage, body: Readable, bodies: string): Promise<FrontRequest> {
  const url = message.url ?? '/'
  const fields = new Map(new URL(url, 'http://front').searchParams)
  const inUrl = fields.get('query') ?? ''
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(message.headers['content-type'] ?? '')?.[1]
  let bodyPath: string | undefined
  let query = inUrl
  if (boundary !== undefined) {
    for (const [name, text] of readForm(await readText(body), boundary)) fields.set(name, text)
    query = `${inUrl}${fields.get('query') ?? ''}`
  } else if (!/^\s*INSERT\b/i.test(inUrl)) {
    query = `${inUrl}${await readText(body)}`
  } else {
    bodyPath = join(bodies, randomUUID())
    await pipeline(body, createWriteStream(bodyPath))
  }
  const queryId = fields.get('query_id') ?? randomUUID()
  const header = message.headers['x-clickhouse-database']
  const database = typeof header === 'string' ? header : (fields.get('database') ?? 'default')
  const params = new Map<string, string>()
  const settings = new Map<string, string>()
  for (const [name, text] of fields) {
    if (name.startsWith('param_')) params.set(name.slice('param_'.length), text)
    else if (!['query', 'query_id', 'database'].includes(name)) settings.set(name, text)
  }
  refuseLength(query, Number(settings.get('max_query_size') ?? queryBytesMaxDefault))
  return { queryId, url, query, database, params, settings, ...(bodyPath !== undefined && { bodyPath }) }
}

function refuseLength(query: string, bytesMax: number): void {
  if (query.trim() === '') throw new FrontException('Code: 62. DB::Exception: Empty query. (SYNTAX_ERROR)')
  if (Buffer.byteLength(query) > bytesMax)
    throw new FrontException('Code: 62. DB::Exception: Max query size exceeded. (SYNTAX_ERROR)')
}

async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    // without an encoding it gives buffers
    bytes += chunk.byteLength
    if (bytes > bodyBytesMax)
      throw new FrontException('Code: 307. DB::Exception: The query is too long. (TOO_MANY_BYTES)')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function* readForm(body: string, boundary: string): Generator<[string, string]> {
  for (const part of body.split(`--${boundary}`).slice(1, -1)) {
    const [, name, text] = /^\r\n[\s\S]*?name="([^"]+)"\r\n\r\n([\s\S]*)\r\n$/.exec(part) ?? []
    if (name !== undefined && text !== undefined) yield [name, text]
  }
}
