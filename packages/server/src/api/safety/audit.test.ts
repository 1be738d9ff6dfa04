import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAuditLog } from './audit.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-audit-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const entry = (id: number) => ({
  at: '2026-11-20T01:00:00.000Z',
  request_id: String(id),
  key: null,
  address: '127.0.0.1',
  method: 'POST',
  route: null,
  path: '/',
  status: 404,
  answered: true,
  rows: null,
})
const idsIn = (file: string) =>
  readFileSync(join(directory, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).request_id)

test('past its size the log is begun anew and the one before is kept, no line is cut or lost between them', async () => {
  const bytesMax = 3 * (JSON.stringify(entry(0)).length + 1)
  const log = openAuditLog(directory, bytesMax, { error: (...told: unknown[]) => expect.fail(String(told)) })
  for (let id = 0; id < 8; id++) log.write(entry(id))
  await log.close()
  expect(idsIn('audit.1.ndjson')).toEqual(['3', '4', '5'])
  expect(idsIn('audit.ndjson')).toEqual(['6', '7'])
})

test('a log that cannot be written is told to the server log and stops nothing', async () => {
  const told: unknown[] = []
  const log = openAuditLog(join(directory, 'missing'), 1_000, { error: (...what: unknown[]) => told.push(what) })
  log.write(entry(1))
  await log.close()
  expect(told).toHaveLength(1)
})
