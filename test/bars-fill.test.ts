import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string
let server: RunningServer

const header = 'instrument,ts,open,high,low,close,volume,turnover,trades'
const line = (instrument: string, ts: string, close: number) =>
  `${instrument},${ts},${close - 1},${close + 1},${close - 2},${close},100,${close * 100},2`

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-fill-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  const client = createClient({ url: server.url })
  await client.createInstruments([
    { instrument: 'SIM:GONE', name: 'Gone', kind: 'stock', isin: null, listed: null, delisted: '2024-03-05' },
  ])
  // Monday and Tuesday have sessions; on Wednesday nobody traded.
  const minutes = [
    line('SIM:A', '2024-03-04T01:00:00Z', 10),
    line('SIM:A', '2024-03-04T01:03:00Z', 13),
    line('SIM:A', '2024-03-05T05:29:00Z', 20),
    line('SIM:B', '2024-03-05T01:01:00Z', 50),
    line('SIM:GONE', '2024-03-04T05:28:00Z', 70),
  ]
  const days = [
    line('SIM:A', '2024-03-04T01:00:00Z', 13),
    line('SIM:B', '2024-03-05T01:00:00Z', 50),
    line('SIM:B', '2024-03-07T01:00:00Z', 51),
    line('SIM:GONE', '2024-03-04T01:00:00Z', 70),
  ]
  for (const [interval, lines] of [
    ['1m', minutes],
    ['1d', days],
  ] as const) {
    await client.createBars(interval, [header, ...lines].join('\n'), { contentType: 'text/csv' })
  }
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

interface FilledBar {
  readonly ts: string
  readonly open: number
  readonly close: number
  readonly volume: number
  readonly source: string
  readonly partial: boolean
}

async function filled(query: string): Promise<FilledBar[]> {
  const columns = 'ts,open,high,low,close,volume,turnover,trades,source,partial'
  const answer = await fetch(`${server.url}/v1/bars?fill=previous&columns=${columns}&${query}`)
  const body = await answer.json()
  expect([answer.status, body.code]).toEqual([200, undefined])
  return body.data
}

test('a minute without a trade has the last close and nothing traded', async () => {
  const bars = await filled('interval=1m&instruments=SIM:A&start=2024-03-04&end=2024-03-05')
  expect(bars).toHaveLength(270)
  expect(bars.slice(0, 5).map(({ ts, close, volume }) => [ts.slice(11, 16), close, volume])).toEqual([
    ['01:00', 10, 100],
    ['01:01', 10, 0],
    ['01:02', 10, 0],
    ['01:03', 13, 100],
    ['01:04', 13, 0],
  ])
  expect(bars[1]).toEqual({
    ts: '2024-03-04T01:01:00Z',
    open: 10,
    high: 10,
    low: 10,
    close: 10,
    volume: 0,
    turnover: 0,
    trades: 0,
    source: 'fill:previous',
    partial: false,
  })
  expect(bars[0]).toMatchObject({ open: 9, source: 'api' })
  expect(bars.at(-1)?.ts).toBe('2024-03-04T05:29:00Z')
})

test('the first gap of a window has the close from before the window', async () => {
  const bars = await filled('interval=1m&instruments=SIM:A&start=2024-03-05&end=2024-03-06')
  expect(bars).toHaveLength(270)
  expect(bars[0]).toMatchObject({ ts: '2024-03-05T01:00:00Z', close: 13, source: 'fill:previous' })
  expect(bars.at(-1)).toMatchObject({ close: 20, source: 'api' })
})

test('nothing is made up before the first bar, on days without a session, or after the delisting', async () => {
  const first = await filled('interval=1m&instruments=SIM:B&start=2024-03-04&end=2024-03-08')
  expect(first[0]?.ts).toBe('2024-03-05T01:01:00Z')
  expect(new Set(first.map(({ ts }) => ts.slice(0, 10)))).toEqual(new Set(['2024-03-05']))
  const gone = await filled('interval=1m&instruments=SIM:GONE&start=2024-03-04&end=2024-03-08')
  expect(gone.map(({ ts }) => ts)).toEqual(['2024-03-04T05:28:00Z', '2024-03-04T05:29:00Z'])
})

test('derived bars are filled on their own grid, and the last of a session is partial', async () => {
  const bars = await filled('interval=4h&base=1m&instruments=SIM:A&start=2024-03-04&end=2024-03-06')
  expect(bars.map(({ ts, close, source, partial }) => [ts.slice(5, 16), close, source, partial])).toEqual([
    ['03-04T01:00', 13, 'derived:1m', false],
    ['03-04T05:00', 13, 'fill:previous', true],
    ['03-05T01:00', 13, 'fill:previous', false],
    ['03-05T05:00', 20, 'derived:1m', true],
  ])
})

test('days are filled on the dates on which the exchange had a session', async () => {
  const bars = await filled('interval=1d&instruments=SIM:A&start=2024-03-04&end=2024-03-10')
  expect(bars.map(({ ts, close, source }) => [ts, close, source])).toEqual([
    ['2024-03-04T01:00:00Z', 13, 'api'],
    ['2024-03-05T01:00:00Z', 13, 'fill:previous'],
    ['2024-03-07T01:00:00Z', 13, 'fill:previous'],
  ])
})

test('pages of filled bars lose none', async () => {
  const client = createClient({ url: server.url })
  const seen = await client
    .bars(['SIM:A', 'SIM:B'], { interval: '1m', fill: 'previous', start: '2024-03-04', end: '2024-03-06', limit: 97 })
    .toArray()
  expect(seen).toHaveLength(540 + 269)
  expect(new Set(seen.map(({ instrument, ts }) => instrument + ts)).size).toBe(seen.length)
})

test('weeks and months are refused', async () => {
  const answer = await fetch(`${server.url}/v1/bars?interval=1w&fill=previous`)
  expect([answer.status, (await answer.json()).message]).toEqual([400, expect.stringContaining('no gaps')])
})
