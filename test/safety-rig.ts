import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll } from 'vitest'

export const header = 'instrument,ts,open,high,low,close,volume\n'
export const bar = (symbol: string, minute: number) =>
  `SIM:${symbol},2024-03-04T01:${String(minute).padStart(2, '0')}:00Z,1,1,1,1,1\n`

const directories: string[] = []
const servers = new Set<RunningServer>()

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-safety-'))
  directories.push(directory)
  return directory
}

export async function start(flags: Record<string, string> = {}, data = newDirectory()) {
  const server = await startServer(loadConfig({ flags: { data, port: '0', ...flags } }))
  servers.add(server)
  const ask = (path: string, init: RequestInit = {}) => fetch(server.url + path, init)
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json', ...headers },
    })
  const stop = async () => {
    servers.delete(server)
    await server.close()
  }
  return { server, data, ask, post, stop }
}
export type Started = Awaited<ReturnType<typeof start>>

// The embedded engine bears one data directory a process, so one server at a time.
export async function stopAll() {
  for (const server of servers) await server.close()
  servers.clear()
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
export const bare = (tag: string | null) => tag?.replace('W/', '')
export const codeOf = async (answer: Response) => [answer.status, (await answer.json()).code]
