import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, readOwner, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickhouseFront, startClickhouseFront } from './clickhouse-front.js'

const directory = mkdtempSync(join(tmpdir(), 'barkeep-over-http-'))
const data = join(directory, 'data')
let front: ClickhouseFront

beforeAll(async () => {
  front = await startClickhouseFront({ directory, user: 'barkeep', password: 'right' })
  const headers = { 'X-ClickHouse-User': 'barkeep', 'X-ClickHouse-Key': 'right' }
  await fetch(front.url, { method: 'POST', body: 'CREATE DATABASE market', headers })
})

afterAll(async () => {
  await front.close()
  rmSync(directory, { recursive: true, force: true })
})

const start = () => {
  const environment = { BARKEEP_STORE_URL: `${front.url}/market`, BARKEEP_STORE_PASSWORD: 'right' }
  return startServer(loadConfig({ flags: { data, port: '0', 'store.user': 'barkeep' }, environment }))
}

test('a server keeps its bars in a database of ClickHouse and finds them again, and its data directory says where it answers', async () => {
  const lines = Array.from({ length: 270 }, (_, minute) => {
    const ts = new Date(Date.parse('2024-03-04T01:00:00Z') + minute * 60_000).toISOString()
    return `SIM:1,${ts},10,11,9,10.5,${minute},,`
  })
  const body = `instrument,ts,open,high,low,close,volume,turnover,trades\n${lines.join('\n')}\n`

  const first = await start()
  expect(readOwner(data)?.url).toBe(first.url)
  const headers = { 'content-type': 'text/csv' }
  const posted = await fetch(`${first.url}/v1/bars/1m`, { method: 'POST', body, headers })
  expect([posted.status, await posted.json()]).toMatchObject([201, { data: { rows: 270, replaced: 0 } }])
  await first.close()
  expect(readOwner(data)).toBeUndefined()
  expect(readdirSync(data)).toEqual(['audit.ndjson', 'spool'])

  const second = await start()
  const client = createClient({ url: second.url })
  const volumes: number[] = []
  for await (const bar of client.bars(['SIM:1'], { interval: '1m', limit: 100 })) volumes.push(bar.volume)
  expect(volumes).toEqual(Array.from({ length: 270 }, (_, minute) => minute))
  const table = await client.loadBars({ interval: '1m' })
  expect(table.numRows).toBe(270)
  await second.close()
})

test('a ClickHouse server that goes away makes the server answer 503 with the code, and no secret', async () => {
  const server = await start()
  const read = () => fetch(`${server.url}/v1/bars?interval=1m&format=ndjson`)
  expect((await read()).status).toBe(200)
  await front.close()
  const headers = { 'content-type': 'text/csv' }
  const body = 'instrument,ts,open,high,low,close,volume\nSIM:1,2024-03-04T01:00:00Z,1,1,1,1,1\n'
  for (const answer of [await read(), await fetch(`${server.url}/v1/bars/1d`, { method: 'POST', body, headers })]) {
    const problem = await answer.text()
    expect([answer.status, JSON.parse(problem).code]).toEqual([503, 'STORE_UNAVAILABLE'])
    expect(problem).not.toContain('right')
  }
  await server.close()
})
