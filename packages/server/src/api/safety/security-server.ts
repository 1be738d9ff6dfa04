import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  STATUS_CODES,
} from 'node:http'
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { Socket } from 'node:net'
import { BarkeepError, type ErrorCode, errorCatalogue } from '@barkeep/core'
import type { Config } from '../../config.js'

/** How often connections are looked through for what is late; as often as the shortest limit, but not all the time. */
const CHECK_MS_MIN = 50
const CHECK_MS_MAX = 5_000

/**
 * The server of sockets: HTTP/1.1, or with tls.cert and tls.key HTTP/2 and HTTP/1.1 over TLS. A caller who is slow on
 * purpose holds a connection for a bounded time: to send headers, to send a body, and to stand still amid either way.
 * Throws INVALID_SETTING for a certificate that cannot be used.
 */
export function createHttpServer(config: Config, listener: RequestListener): Server {
  const headersTimeout = config['api.headersMsMax']
  const options = {
    headersTimeout,
    requestTimeout: Math.max(headersTimeout, config['api.requestMsMax']),
    connectionsCheckingInterval: Math.min(CHECK_MS_MAX, Math.max(CHECK_MS_MIN, headersTimeout)),
    maxHeaderSize: config['api.headerBytesMax'],
  }
  const tls = readTls(config)
  const server = tls === undefined ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener)
  server.maxConnections = config['api.connectionsMax']
  server.keepAliveTimeout = config['api.silenceMsMax']
  endSilence(server, config['api.silenceMsMax'])
  return server
}

const refusals: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
}

const sentences: Partial<Record<ErrorCode, string>> = {
  REQUEST_TIMEOUT:
    'The request did not arrive within api.headersMsMax or api.requestMsMax. Send it in one go, or raise that setting.',
  HEADERS_TOO_LARGE: 'The headers are larger than api.headerBytesMax. Shorten the URL, or raise that setting.',
}

/** What breaks before there is a request is told in the same language, as far as the connection still bears it. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const code = refusals[error.code ?? ''] ?? 'MALFORMED_REQUEST'
  const { status, title } = errorCatalogue[code]
  const message = sentences[code] ?? 'What arrived is not HTTP. Check the scheme of the URL.'
  const type = `/docs/errors#${code}`
  const body = JSON.stringify({
    type,
    title,
    status,
    code,
    detail: message,
    message,
    documentation_url: type,
    errors: [],
  })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-content-type-options: nosniff',
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function createTlsServer(options: ServerOptions & { cert: Buffer; key: Buffer }, listener: RequestListener): Server {
  const { maxHeaderSize, cert, key } = options
  try {
    const settings = maxHeaderSize === undefined ? {} : { maxHeaderListSize: maxHeaderSize }
    // Both kinds of server call the same listener, with requests and answers that are used in the same way.
    return createSecureServer(
      { ...options, cert, key, allowHTTP1: true, settings },
      listener as never,
    ) as unknown as Server
  } catch (cause) {
    throw new BarkeepError('INVALID_SETTING', {
      message: 'The files of tls.cert and tls.key are not a certificate and its key. Give two PEM files.',
      cause,
    })
  }
}

function readTls(config: Config): { cert: Buffer; key: Buffer } | undefined {
  const [certFile, keyFile] = [config['tls.cert'], config['tls.key']]
  if (certFile === '' && keyFile === '') return undefined
  if (certFile === '' || keyFile === '') {
    throw new BarkeepError('INVALID_SETTING', {
      message: `tls.cert and tls.key belong together, and ${certFile === '' ? 'tls.cert' : 'tls.key'} is empty. Set both, or neither.`,
    })
  }
  try {
    return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  } catch (cause) {
    throw new BarkeepError('INVALID_SETTING', {
      message: `tls.cert '${certFile}' or tls.key '${keyFile}' cannot be read. Give the paths of two PEM files.`,
      cause,
    })
  }
}

/**
 * Cuts a connection on which nothing moves although it should: the caller sends no more of its request, or reads no more
 * of an answer. While the server itself thinks, or lets a body wait, silence is its own and the connection stays.
 */
function endSilence(server: Server, silenceMsMax: number): void {
  const requests = new WeakMap<Socket, IncomingMessage>()
  server.on('request', (request, response) => {
    const { socket } = request
    requests.set(socket, request)
    response.once('close', () => requests.get(socket) === request && requests.delete(socket))
  })
  server.setTimeout(silenceMsMax, (connection: Socket | ServerHttp2Session) => {
    // Streams that are open are still answered; then the session ends.
    if (!(connection instanceof Socket)) return connection.close()
    const request = requests.get(connection)
    const isSilent = request === undefined || connection.writableLength > 0 || isHeldBack(request, request.complete)
    if (isSilent) connection.destroy()
    else connection.setTimeout(silenceMsMax)
  })
  // Within a session of HTTP/2 one stream may stand still while others move.
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream) => {
    const onSilence = () => {
      const isSilent = stream.writableLength > 0 || isHeldBack(stream, stream.endAfterHeaders || stream.readableEnded)
      if (isSilent) stream.close(constants.NGHTTP2_CANCEL)
      else stream.setTimeout(silenceMsMax, onSilence)
    }
    stream.setTimeout(silenceMsMax, onSilence)
  })
  const connections = new Set<Socket>()
  server.on('connection', (connection: Socket) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })
  // Node before 24 waits for sessions to end by themselves.
  const close = server.close.bind(server)
  server.close = (done) => {
    for (const session of sessions) session.close()
    // Clients open some in advance; one on which nothing came yet is not idle in Node's eyes, and would be waited for.
    for (const connection of connections) if (connection.bytesRead === 0) connection.destroy()
    return close(done)
  }
}

/** Whether the caller owes the rest of a body, and what it sent of it was read. */
function isHeldBack(body: { readonly readableLength: number }, isComplete: boolean): boolean {
  return !isComplete && body.readableLength === 0
}
