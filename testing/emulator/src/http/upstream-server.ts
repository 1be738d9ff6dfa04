import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { applyFault } from '../faults/apply-fault.js'
import type { FaultPlan } from '../faults/fault-plan.js'
import { sendAnswer } from '../faults/send-answer.js'
import type { Truth } from '../market/truth.js'
import type { Recordings } from '../recorded/recordings.js'
import { type Answer, textAnswer } from './answer.js'
import { type ArrivalGate, type ArrivalLimit, createArrivalGate } from './arrival-limit.js'
import { type ArrivalLog, createArrivalLog } from './arrival-log.js'
import type { Refusal, Upstream } from './upstream.js'

export interface UpstreamServerOptions {
  readonly upstream: Upstream
  readonly truth: Truth
  readonly limits: readonly ArrivalLimit[]
  readonly faults: FaultPlan
  readonly recordings: Recordings
  /** Time of the market, ms since the epoch. */
  readonly now: () => number
  /** Time by which arrivals are stamped and limited, ms since the epoch. */
  readonly arrivalClock: () => number
  /** 0 takes any that is free. */
  readonly port: number
}

export interface UpstreamServer {
  readonly url: string
  readonly log: ArrivalLog
  readonly recordings: Recordings
  close(): Promise<void>
}

/** One upstream on a port of 127.0.0.1. */
export async function startUpstreamServer(options: UpstreamServerOptions): Promise<UpstreamServer> {
  const log = createArrivalLog()
  const gate = createArrivalGate(options.limits)
  const server = createServer((request, response) => {
    receive(options, gate, log, request, response)
  })
  // A caller that keeps its connection open must not hold the emulator up.
  server.keepAliveTimeout = 60_000
  const port = await listen(server, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    recordings: options.recordings,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function receive(
  options: UpstreamServerOptions,
  gate: ArrivalGate,
  log: ArrivalLog,
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
  const { overLimit, offence } = gate.arrive(credential, atMs)
  const path = url.pathname + url.search
  const fault = offence === undefined ? options.faults.take(upstream.id, path) : undefined
  const nowMs = options.now() + (fault?.kind === 'clock-skew' ? fault.skewMs : 0)
  // A body in a question is read and let go; the questions of these upstreams are all in the URL.
  request.resume()

  const whole: Refusal = offence === undefined ? answerOf(options, url, nowMs) : upstream.refuse(offence, url.pathname)
  const answer = whole === 'drop' || fault === undefined ? whole : applyFault(fault, whole, upstream)
  const record = { atMs, method: request.method ?? 'GET', path, credential, overLimit, refused: offence !== undefined }
  const status = answer === 'drop' ? 0 : answer.status
  log.add({ ...record, fault: fault?.kind ?? null, status })
  if (answer === 'drop') request.socket.destroy()
  else sendAnswer(response, answer, { head: request.method === 'HEAD', nowMs, fault })
}

function answerOf({ upstream, truth, recordings }: UpstreamServerOptions, url: URL, nowMs: number): Answer {
  const recording = recordings.find(url)
  if (recording !== undefined) return recording
  const path = decodePath(url.pathname)
  for (const route of upstream.routes) {
    const captures = match(route.path, path)
    if (captures === undefined) continue
    return route.answer({ path, query: url.searchParams, captures, truth, nowMs })
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
