import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'barkeep-sources-'))
let server: RunningServer

beforeAll(async () => {
  const config = loadConfig({ flags: { data: directory, port: '0' } })
  server = await startServer({ ...config, sources: { TWSE: { '1d': ['twse', '*', 'live'] } } })
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

const columns = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const

async function post(source: string, closes: readonly number[]) {
  const rows = closes.map(
    (close, index) => `TWSE:2330,2026-11-1${6 + index}T01:00:00Z,${close},${close},${close},${close},1000,,`,
  )
  const answer = await fetch(`${server.url}/v1/bars/1d?source=${source}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `${columns.join()}\n${rows.join('\n')}\n`,
  })
  return (await answer.json()).data
}

async function closes(query: string): Promise<string[]> {
  const answer = await fetch(`${server.url}/v1/bars?instruments=TWSE:2330&columns=close,source&${query}`)
  const { data } = await answer.json()
  return data.map(({ close, source }: { close: number; source: string }) => `${close} ${source}`)
}

test('of what three sources post the declared one is kept, and each of them can be read', async () => {
  expect(await post('live', [10, 11, 12])).toMatchObject({ rows: 3, replaced: 0 })
  expect(await post('twse', [20, 21])).toMatchObject({ rows: 2, replaced: 2 })
  const report = await post('mine', [30, 31, 32, 33])
  expect(report).toMatchObject({ rows: 4, replaced: 1, outranked: 2 })

  expect(await closes('interval=1d')).toEqual(['20 twse', '21 twse', '32 mine', '33 mine'])
  expect(await closes('interval=1d&source=live')).toEqual(['10 live', '11 live', '12 live'])
  expect(await closes('interval=1d&source=mine')).toEqual(['30 mine', '31 mine', '32 mine', '33 mine'])
  expect(await closes('interval=1d&source=mine&start=2026-11-17&end=2026-11-19')).toEqual(['31 mine', '32 mine'])
  expect(await closes('interval=1d&source=nobody')).toEqual([])
  // A week of what one of them said.
  expect(await closes('interval=1w&source=live&final=any')).toEqual(['12 derived:1d'])

  const client = createClient({ url: server.url })
  const table = await client.loadBars({ interval: '1d', source: 'mine', columns: ['close'] })
  expect([...table.getChild('close')]).toEqual([30, 31, 32, 33])
})

test('it is known who told how much of which day, and how much of that is kept', async () => {
  const client = createClient({ url: server.url })
  const told = await client.barSources({ interval: '1d', exchange: 'TWSE', limit: 2 }).toArray()
  expect(told.map(({ date, source, kept, outranked }) => `${date} ${source} ${kept} ${outranked}`)).toEqual([
    ...['2026-11-16 live 0 1', '2026-11-16 mine 0 1', '2026-11-16 twse 1 0'],
    ...['2026-11-17 live 0 1', '2026-11-17 mine 0 1', '2026-11-17 twse 1 0'],
    ...['2026-11-18 live 0 1', '2026-11-18 mine 1 0', '2026-11-19 mine 1 0'],
  ])
  expect(told[0]).toEqual({
    exchange: 'TWSE',
    date: '2026-11-16',
    source: 'live',
    instruments: 1,
    kept: 0,
    outranked: 1,
  })
  const window = { start: '2026-11-19', end: '2026-11-20' } as const
  const last = await client.barSources({ interval: '1d', instruments: ['TWSE:2330'], ...window }).toArray()
  expect(last).toMatchObject([{ date: '2026-11-19', source: 'mine' }])
  expect(await client.barSources({ interval: '1m' }).toArray()).toEqual([])
  await expect(client.barSources({ interval: '1d', exchange: 'TWES' }).toArray()).rejects.toMatchObject({
    code: 'UNKNOWN_EXCHANGE',
  })
  const unread = await fetch(`${server.url}/v1/coverage/sources?interval=1d&cursor=eA`)
  expect((await unread.json()).code).toBe('INVALID_PARAMETER')
})

test('what one source said is not filled, and a name that no source can have is refused', async () => {
  for (const query of ['interval=1d&source=live&fill=previous', 'interval=1d&source=a%20b']) {
    const answer = await fetch(`${server.url}/v1/bars?instruments=TWSE:2330&${query}`)
    expect([query, answer.status, (await answer.json()).code]).toEqual([query, 400, 'INVALID_PARAMETER'])
  }
})

test('where no market is declared there is none, and one can be planned all the same', async () => {
  const client = createClient({ url: server.url })
  expect(await client.markets().toArray()).toEqual([])
  expect(await client.planMarkets().toArray()).toEqual([])
  const [plan] = await client.planMarkets({ exchange: 'TPEX', interval: '1d', since: '2026-11-02' }).toArray()
  // No instrument of TPEx is known: a page of a day of all can be counted, a page of each instrument cannot.
  expect(plan).toMatchObject({ instruments: 0, listedBy: 'tpex', gaps: null })
  const official = plan?.sources.find(({ connector }) => connector === 'tpex')
  expect(official).toMatchObject({ role: 'first', plans: ['market-days'], blockedUntilMs: null })
  expect(official?.requests).toBeGreaterThan(10)
  await expect(client.planMarkets({ exchange: 'TPX', since: '2026-11-02' }).toArray()).rejects.toMatchObject({
    code: 'UNKNOWN_EXCHANGE',
  })
})
