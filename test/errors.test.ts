import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ErrorCode, errorCatalogue, type Problem } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exampleProblem, requestText } from '../packages/server/src/api/docs/error-docs.js'
import { type ErrorExample, errorExamples } from '../packages/server/src/api/docs/error-examples.js'

/** Servers that are told something, by the codes that need it; all others are answered by any server. */
const settingsOf: Partial<Record<ErrorCode, Record<string, string>>> = {
  REQUEST_TOO_COMPLEX: { 'api.instrumentsMax': '1' },
  BODY_TOO_LARGE: { 'api.bodyBytesMax': '64' },
  TOO_MANY_REQUESTS: { 'api.requestsPerSecond': '1' },
}
const examples = Object.entries(errorExamples) as [ErrorCode, ErrorExample][] // the keys of a literal

interface Started {
  readonly server: RunningServer
  stop(): Promise<void>
}

async function start(flags: Record<string, string> = {}): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-errors-'))
  const server = await startServer(loadConfig({ flags: { data: directory, port: '0', ...flags } }))
  return {
    server,
    async stop() {
      await server.close()
      rmSync(directory, { recursive: true })
    },
  }
}

function send({ server }: Started, { method, path, headers = {}, body }: Sent): Promise<Response> {
  return fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) })
}
type Sent = Pick<ErrorExample, 'path' | 'headers' | 'body'> & { readonly method: string }

/** What the examples speak of. */
async function fill(started: Started): Promise<void> {
  const json = { 'content-type': 'application/json' }
  const bar = 'instrument,ts,open,high,low,close,volume\nSIM:1001,2026-11-19T01:00:00Z,10,11,9,10,1000\n'
  const columns = [
    { name: 'id', type: 'string' },
    { name: 'online', type: 'boolean' },
  ]
  const devices = JSON.stringify({ key: ['id'], columns })
  const headers = { 'content-type': 'text/csv', 'idempotency-key': 'monday' }
  for (const sent of [
    { method: 'POST', path: '/v1/bars/1d', headers, body: bar },
    { method: 'PUT', path: '/v1/datasets/devices', headers: json, body: devices },
    { method: 'POST', path: '/api/devices', headers: json, body: '{"id":"1","online":false}' },
  ]) {
    expect((await send(started, sent)).status).toBeLessThan(300)
  }
}

/** What is of one answer alone. */
function lasting({ eventTime, request_id, ...problem }: Problem): object {
  const waitless = JSON.stringify(problem).replaceAll(/Wait \d+ ms/g, 'Wait some ms')
  return JSON.parse(waitless)
}

describe('an example of an error', () => {
  let filled: Started
  beforeAll(async () => {
    filled = await start()
    await fill(filled)
  })
  afterAll(() => filled?.stop())

  test.each(examples.filter(([code]) => !isOnItsOwn(code)))(
    'of %s is what the server answers',
    async (code, example) => {
      expect(await told(filled, example)).toEqual(expected(code, example))
    },
  )

  test('is on the page that problems point to, beside what each code means and its cure', async () => {
    const page = await (await fetch(`${filled.server.url}/docs/errors`)).text()
    for (const code of Object.keys(errorCatalogue)) expect(page).toContain(`<section class="code" id="${code}">`)
    expect(page.match(/<details>/g)).toHaveLength(examples.length)
    expect(page).not.toMatch(/(?:src|href)="(?!data:|\/|#)/)
  })
})

describe('an example of an error that needs a server of its own', () => {
  test.each(examples.filter(([code]) => isOnItsOwn(code)))('of %s is what it answers', async (code, example) => {
    const started = await start(settingsOf[code])
    try {
      if (code === 'TOO_MANY_REQUESTS') await send(started, example)
      if (code === 'UNAUTHORIZED_ACCESS') {
        const body = '{"name":"laptop","scopes":["read"]}'
        await send(started, { method: 'POST', path: '/v1/keys', headers: { 'content-type': 'application/json' }, body })
      }
      expect(await told(started, example)).toEqual(expected(code, example))
    } finally {
      await started.stop()
    }
  })
})

test.each(examples)('the example of %s stands in the reference', (code, example) => {
  const page = readFileSync(new URL('../docs/reference/errors.md', import.meta.url), 'utf8')
  const [, section = ''] = new RegExp(`^### ${code}\n([\\s\\S]*?)(?=^##)`, 'm').exec(`${page}\n## `) ?? []
  const { detail, errors } = example
  const shown = JSON.stringify({ code, detail, ...(errors && { errors }) }, null, 2)
  expect(section).toContain(`\`\`\`http\n${requestText(example)}\n\`\`\`\n\n\`\`\`json\n${shown}\n\`\`\`\n`)
})

function isOnItsOwn(code: ErrorCode): boolean {
  return settingsOf[code] !== undefined || code === 'UNAUTHORIZED_ACCESS'
}

async function told(started: Started, example: ErrorExample): Promise<object> {
  const answer = await send(started, example)
  return { status: answer.status, problem: lasting(await answer.json()) }
}

function expected(code: ErrorCode, example: ErrorExample): object {
  return { status: errorCatalogue[code].status, problem: lasting(exampleProblem(code, example)) }
}
