import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll } from 'vitest'

export interface TestServer {
  readonly url: string
  ask(path: string, init?: RequestInit): Promise<Response>
  /** Sends a text or bytes as they are, anything else as JSON. */
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Posts what has to be taken. Throws what the server says where it does not. */
  post(path: string, body: unknown, type?: string): Promise<void>
}

/** A server on an empty directory, for all tests of the file that calls this; both go with the last of them. */
export function testServer(flags: Readonly<Record<string, string>> = {}): TestServer {
  let server: RunningServer
  let directory: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'barkeep-test-'))
    server = await startServer(loadConfig({ flags: { data: directory, port: '0', ...flags } }))
  })
  afterAll(async () => {
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const ask = (path: string, init?: RequestInit) => fetch(server.url + path, init)
  const send: TestServer['send'] = (method, path, body, headers = {}) => {
    if (body === undefined) return ask(path, { method, headers })
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const sent = isRaw ? (body as BodyInit) : JSON.stringify(body) // text or bytes, as isRaw says
    return ask(path, { method, body: sent, headers: { 'content-type': 'application/json', ...headers } })
  }
  return {
    get url() {
      return server.url
    },
    ask,
    send,
    async post(path, body, type = 'application/json') {
      const answer = await send('POST', path, body, { 'content-type': type })
      if (!answer.ok) throw new Error(await answer.text())
    },
  }
}
