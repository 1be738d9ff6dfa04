import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import { drainPending, Session } from 'chdb'
import { FrontException, frameOf, toFrontException } from './front-exception.js'
import { runQuery } from './front-query.js'
import { type FrontRequest, readRequest } from './front-request.js'

export interface FrontOptions {
  /** Where the engine keeps its tables, and bodies on their way in. */
  readonly directory: string
  readonly user?: string
  readonly password?: string
  /**
   * How an exception after the status 200 is told. Servers from 25.11 on frame it with a tag and break the answer off;
   * old ones write the bare text and end the answer as if all were well.
   */
  readonly exceptions?: 'tagged' | 'bare'
}

export interface ClickhouseFront {
  readonly url: string
  /** What was asked, oldest first. */
  readonly requests: readonly FrontRequest[]
  /** Cuts all connections, as a server that dies does. */
  cut(): void
  close(): Promise<void>
}

/** Longest request line and headers that a server reads by default. */
const uriBytesMax = 1_048_576

/**
 * ClickHouse's HTTP protocol over the embedded engine, as far as Barkeep speaks it: a ClickHouse server for tests on
 * machines that have none. Listens on a free port of 127.0.0.1. Every request has an engine session of its own.
 */
export async function startClickhouseFront(options: FrontOptions): Promise<ClickhouseFront> {
  const { directory, user = 'default', password = '', exceptions = 'tagged' } = options
  const database = join(directory, 'db')
  const bodies = join(directory, 'bodies')
  mkdirSync(bodies, { recursive: true })
  // The engine would be shut down between two requests if no session were left open.
  const keeper = new Session(database)
  const requests: FrontRequest[] = []
  const running = new Set<Promise<void>>()

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const tag = exceptions === 'tagged' ? randomBytes(8).toString('hex') : undefined
    try {
      if (message.url === '/ping') {
        response.end('Ok.\n')
        return
      }
      authenticate(message, user, password)
      const request = await readRequest(message, decoder(message), bodies)
      requests.push(request)
      response.setHeader('X-ClickHouse-Query-Id', request.queryId)
      response.setHeader('X-ClickHouse-Summary', JSON.stringify({ read_rows: '0', written_rows: '0' }))
      if (tag !== undefined) response.setHeader('X-ClickHouse-Exception-Tag', tag)
      const gone = new AbortController()
      response.once('close', () => gone.abort())
      const chunks = runQuery(request, { database, bodies, user, password, keeper, gone: gone.signal })
      await send(chunks, encoder(message, request, response), response)
    } catch (cause) {
      if (response.destroyed) return
      const exception = toFrontException(cause)
      if (!response.headersSent) refuse(response, exception)
      else if (tag === undefined) response.end(exception.text)
      else response.write(frameOf(exception, tag), () => response.socket?.end())
    }
  }

  const server = createServer({ maxHeaderSize: uriBytesMax, keepAliveTimeout: 10_000 }, (message, response) => {
    const work = answer(message, response).finally(() => running.delete(work))
    running.add(work)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server's address is never a path
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    cut: () => server.closeAllConnections(),
    async close() {
      server.close()
      server.closeAllConnections()
      await Promise.all(running)
      keeper.close()
      await drainPending()
    },
  }
}

function authenticate(message: IncomingMessage, user: string, password: string): void {
  const basic = /^Basic (.+)$/.exec(message.headers.authorization ?? '')?.[1]
  const [name, ...secret] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':')
  const asked = name ?? message.headers['x-clickhouse-user'] ?? 'default'
  const key = name === undefined ? (message.headers['x-clickhouse-key'] ?? '') : secret.join(':')
  if (asked === user && key === password) return
  throw new FrontException(
    `Code: 516. DB::Exception: ${asked}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
  )
}

function decoder(message: IncomingMessage): Readable {
  const encoding = message.headers['content-encoding']
  if (encoding === undefined) return message
  const transform = encoding === 'gzip' ? createGunzip() : encoding === 'deflate' ? createInflate() : undefined
  if (transform === undefined)
    throw new FrontException(
      `Code: 89. DB::Exception: Unknown compression method ${encoding} (UNKNOWN_COMPRESSION_METHOD)`,
    )
  message.once('error', (error) => transform.destroy(error))
  return message.pipe(transform)
}

function encoder(message: IncomingMessage, request: FrontRequest, response: ServerResponse): Transform | undefined {
  if (request.settings.get('enable_http_compression') !== '1') return undefined
  const accepted = message.headers['accept-encoding'] ?? ''
  const encoding = ['gzip', 'deflate'].find((name) => accepted.includes(name))
  if (encoding === undefined) return undefined
  response.setHeader('Content-Encoding', encoding)
  return encoding === 'gzip' ? createGzip() : createDeflate()
}

/** Waits for the first chunk before the status leaves, so that what is refused at once is refused with a status. */
async function send(chunks: AsyncGenerator<Uint8Array>, transform: Transform | undefined, response: ServerResponse) {
  const first = await chunks.next()
  const body = (async function* () {
    try {
      if (first.done !== true) yield first.value
      yield* chunks
    } finally {
      await chunks.return(undefined)
    }
  })()
  response.writeHead(200, { 'Content-Type': 'application/octet-stream' })
  if (transform !== undefined) {
    await pipeline(Readable.from(body, { objectMode: false }), transform, response)
    return
  }
  for await (const chunk of body) {
    if (response.destroyed) return
    if (!response.write(chunk)) await drained(response)
  }
  response.end()
}

/** Waits until more can be written, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

function refuse(response: ServerResponse, exception: FrontException): void {
  response.removeHeader('Content-Encoding')
  response.writeHead(exception.status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(exception.code),
  })
  response.end(exception.text)
}
