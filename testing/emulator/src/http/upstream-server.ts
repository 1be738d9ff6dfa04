import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { applyFault } from '../faults/apply-fault.js'
import type { FaultPlan } from '../faults/fault-plan.js'
import { sendAnswer } from '../faults/send-answer.js'
import type { Truth } from '../market/truth.js'
import type { Recordings } from '../recorded/recordings.js'
import { type Answer, textAnswer } from './answer.js'
import type { ArrivalGate } from './arrival-limit.js'
import { type ArrivalLog, createArrivalLog } from './arrival-log.js'
import type { Connections } from './connections.js'
import type { Refusal, RouteRequest, Upstream } from './upstream.js'

/** Of a question with a body; no upstream is asked longer ones. */
const QUESTION_BYTES_MAX = 100_000

export interface UpstreamServerOptions {
  readonly upstream: Upstream
  readonly truth: Truth
  /** What counts a request to a path; upstreams behind one wall share it. */
  readonly gateAt: (path: string) => ArrivalGate
  readonly faults: FaultPlan
  readonly recordings: Recordings
  /** Time of the market, ms since the epoch. */
  readonly now: () => number
  /** Time by which arrivals are stamped and limited, ms since the epoch. */
  readonly arrivalClock: () => number
  /** Bytes of a day that an account may fetch, where the upstream counts them. */
  readonly bytesPerDay: number
  /** 0 takes any that is free. */
  readonly port: number
}

export interface UpstreamServer {
  readonly url: string
  readonly log: ArrivalLog
  readonly recordings: Recordings
  readonly connections: Connections | undefined
  close(): Promise<void>
}

/** One upstream on a port of 127.0.0.1. */
export async function startUpstreamServer(options: UpstreamServerOptions): Promise<UpstreamServer> {
  const log = createArrivalLog()
  const { truth, now, bytesPerDay } = options
  const connections = options.upstream.connections?.({ truth, now, bytesPerDay })
  const server = createServer((request, response) => {
    receive(options, log, connections, request, response)
  })
  server.on('upgrade', (request, socket, head) => {
    const fault = options.faults.take(options.upstream.id, request.url ?? '/')
    if (connections?.upgrade === undefined) socket.destroy()
    else if (fault === undefined) connections.upgrade(request, socket, head)
    else refuseUpgrade(socket, applyFault(fault, pageOfUpgrade, options.upstream))
  })
  // A caller that keeps its connection open must not hold the emulator up.
  server.keepAliveTimeout = 60_000
  const port = await listen(server, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    recordings: options.recordings,
    connections,
    close: () =>
      new Promise((resolve) => {
        connections?.drop()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function receive(
  options: UpstreamServerOptions,
  log: ArrivalLog,
  connections: Connections | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const atMs = options.arrivalClock()
  const { upstream } = options
  const target = `http://127.0.0.1${request.url ?? '/'}`
  if (!URL.canParse(target)) {
    response.writeHead(400).end()
    return
  }
  const url = new URL(target)
  const credential = upstream.credentialOf?.(url, request.headers) ?? request.socket.remoteAddress ?? 'unknown'
  // An arrival is when its head comes, whatever time the body of a question takes.
  const { overLimit, offence, used } = options.gateAt(url.pathname).arrive(credential, atMs, url.pathname)
  readBody(request, (body) => {
    const asked = withForm(url, request.headers['content-type'], body)
    const path = asked.pathname + asked.search
    const fault = offence === undefined ? options.faults.take(upstream.id, path) : undefined
    const nowMs = options.now() + (fault?.kind === 'clock-skew' ? fault.skewMs : 0)
    const whole: Refusal =
      offence === undefined
        ? (connections?.answer?.(asked, body) ?? answerOf(options, asked, { nowMs, body, credential, used }))
        : upstream.refuse(offence, asked.pathname)
    const answer = whole === 'drop' || fault === undefined ? whole : applyFault(fault, whole, upstream)
    const record = {
      atMs,
      method: request.method ?? 'GET',
      path,
      credential,
      overLimit,
      refused: offence !== undefined,
    }
    if (offence === undefined && fault === undefined && connections?.listen?.(asked, request, response) === true) {
      log.add({ ...record, fault: null, status: response.statusCode })
      return
    }
    const status = answer === 'drop' ? 0 : answer.status
    log.add({ ...record, fault: fault?.kind ?? null, status })
    if (answer === 'drop') request.socket.destroy()
    else sendAnswer(response, answer, { head: request.method === 'HEAD', nowMs, fault })
  })
}

/** What a fault is done to where a connection that stays open was asked for. */
const pageOfUpgrade = textAnswer('<html><body><h1>400 Bad Request</h1></body></html>', 'text/html', { status: 400 })

function refuseUpgrade(socket: Duplex, answer: Refusal): void {
  if (answer === 'drop') {
    socket.destroy()
    return
  }
  const headers = { ...answer.headers, 'content-length': String(answer.body.length), connection: 'close' }
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${answer.status} Refused\r\n${head.join('')}\r\n`)
  socket.end(answer.body)
}

/** The body of a question as text; what is beyond the limit is let go. */
function readBody(request: IncomingMessage, done: (body: string) => void): void {
  const parts: Buffer[] = []
  let bytes = 0
  request.on('data', (part: Buffer) => {
    if (bytes < QUESTION_BYTES_MAX) parts.push(part)
    bytes += part.length
  })
  request.on('end', () => done(Buffer.concat(parts).toString('utf8')))
}

/** The fields of a form count as parameters, so that a question is known by its path and query alone. */
function withForm(url: URL, type: string | undefined, body: string): URL {
  if (body === '' || type?.startsWith('application/x-www-form-urlencoded') !== true) return url
  const asked = new URL(url)
  for (const [name, value] of new URLSearchParams(body)) asked.searchParams.append(name, value)
  return asked
}

function answerOf(
  { upstream, truth, recordings }: UpstreamServerOptions,
  url: URL,
  asking: Pick<RouteRequest, 'nowMs' | 'body' | 'credential' | 'used'>,
): Answer {
  const recording = recordings.find(url)
  if (recording !== undefined) return recording
  const path = decodePath(url.pathname)
  for (const route of upstream.routes) {
    const captures = match(route.path, path)
    if (captures === undefined) continue
    return route.answer({ path, query: url.searchParams, captures, truth, ...asking })
  }
  return textAnswer('<html><body><h1>404 Not Found</h1></body></html>', 'text/html;charset=utf-8', { status: 404 })
}

function match(pattern: string | RegExp, path: string): readonly string[] | undefined {
  if (typeof pattern === 'string') return pattern === path ? [] : undefined
  return pattern.exec(path)?.slice(1)
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      // A listening TCP server's address is never a string or null.
      resolve((server.address() as AddressInfo).port)
    })
  })
}
