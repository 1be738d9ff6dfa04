import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { errorCatalogue } from '@barkeep/core'
import { onTestFinished } from 'vitest'
import { type Client, type ClientOptions, createClient } from './client.js'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer = (request: SeenRequest, response: ServerResponse, number: number) => void

/** A real HTTP server that stands for Barkeep in the tests of the client; ends with the test. */
export async function startFakeServer(answer: Answer, options: Partial<ClientOptions> = {}) {
  const seen: SeenRequest[] = []
  const slept: number[] = []
  const server = createServer(async (incoming, response) => {
    const parts: Buffer[] = []
    try {
      for await (const part of incoming) parts.push(part)
    } catch {
      return // the client hung up
    }
    const url = new URL(incoming.url ?? '/', 'http://fake')
    const request: SeenRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: decodeURIComponent(url.search.slice(1)),
      headers: incoming.headers,
      body: Buffer.concat(parts).toString(),
    }
    seen.push(request)
    answer(request, response, seen.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The fake server has no port.')
  const url = `http://127.0.0.1:${address.port}`
  const sleep = async (delayMs: number) => void slept.push(delayMs)
  const client: Client = createClient({ url, sleep, random: () => 0.5, ...options })
  return { url, client, seen, slept }
}

export function sendJson(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function sendData(response: ServerResponse, data: unknown, rest: object = {}) {
  sendJson(response, { request: { params: {} }, data, links: {}, ...rest })
}

export function sendProblem(
  response: ServerResponse,
  code: keyof typeof errorCatalogue,
  headers?: Record<string, string>,
) {
  const { status, title } = errorCatalogue[code]
  const errors = [{ code, message: `detail of ${code}`, parameter: 'start' }]
  sendJson(response, { type: '', title, status, code, message: `message of ${code}`, errors }, status, headers)
}

/** Answers `rowsTotal` rows in pages of `limit` (5 unless asked), the cursor being the next row's number. */
export function pagesOf(rowsTotal: number): Answer {
  return ({ query }, response) => {
    const params = new URLSearchParams(query)
    const start = Number(params.get('cursor') ?? 0)
    const end = Math.min(rowsTotal, start + Number(params.get('limit') ?? 5))
    const data = Array.from({ length: end - start }, (_, index) => ({ id: start + index }))
    sendData(response, data, { next_cursor: end < rowsTotal ? String(end) : null, total: rowsTotal })
  }
}

/** A promise that something else keeps. */
export function createGate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
