import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { simulatedCsv, simulatedInstruments, simulatedSessionDates } from '@barkeep/connectors'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, expect, test } from 'vitest'

let directory: string
let server: RunningServer

/** Workers would do the rest; what lies on the server is its own work. */
function open(): Promise<RunningServer> {
  const folders = { broker: { path: join(directory, 'broker'), format: 'yahoo-csv', interval: '1d' } }
  const flags = { data: join(directory, 'data'), port: '0', 'crawl.worksHere': 'false' }
  return startServer(loadConfig({ flags: { ...flags, 'connectors.file.folders': JSON.stringify(folders) } }))
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-local-'))
  mkdirSync(join(directory, 'broker'))
  server = await open()
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true })
})

async function send(method: string, path: string, body?: object) {
  const answer = await fetch(server.url + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const { data, message } = await answer.json()
  return { status: answer.status, data, message }
}

/** Waits for a crawl to end; gives how many of its tasks were done. */
async function finished(id: number): Promise<number> {
  for (;;) {
    const { data } = await send('GET', `/v1/crawls/${id}`)
    if (data.state === 'done') {
      expect(data.tasks.dead).toBe(0)
      return data.tasks.done
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function crawl(connector: string, plan: string, order: object): Promise<number> {
  const { status, data, message } = await send('POST', '/v1/crawls', { connector, plan, ...order })
  expect([status, message]).toEqual([201, undefined])
  return finished(data.id)
}

/** `instrument ts` → close, of all bars of an interval. */
async function closes(interval: '1m' | '1h' | '1d', exchange: string): Promise<Map<string, number>> {
  const kept = new Map<string, number>()
  const window = { interval, start: '2000-01-01', limit: 50_000 }
  for await (const { instrument, ts, close } of createClient({ url: server.url }).bars(undefined, window)) {
    if (instrument.startsWith(`${exchange}:`)) kept.set(`${instrument} ${Date.parse(ts)}`, close)
  }
  return kept
}

const window = { start: '2026-03-02', end: '2026-04-01' }

test('a market without a network is crawled, its gaps are found, and a backfill closes them', async () => {
  expect(await crawl('simulated', 'instruments', window)).toBe(1)
  expect(await crawl('simulated', 'holidays', window)).toBe(1)
  const instruments = ['SIM:1001', 'SIM:1012']
  const several = ['SIM:1003', 'SIM:1005', 'SIM:1007', ...instruments]
  expect(await crawl('simulated', 'daily-bars', { ...window, instruments: several })).toBe(5)
  expect(await crawl('simulated', 'minute-bars', { ...window, instruments: instruments.slice(0, 1) })).toBe(1)

  const gaps = async () =>
    (await send('GET', `/v1/gaps?instruments=${instruments}&interval=1m&start=2026-03-02&end=2026-04-01`)).data
  expect(new Set((await gaps()).map(({ scope }: { scope: string }) => scope))).toEqual(new Set(['SIM:1012']))
  const backfill = await send('POST', '/v1/backfills', { instruments, interval: '1m', ...window })
  expect([backfill.status, backfill.message]).toEqual([200, undefined])
  for (const { id } of backfill.data.crawls) await finished(id)
  expect(await gaps()).toEqual([])

  const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 2 }).filter((date) => date < window.end)
  for (const interval of ['1m', '1d'] as const) {
    const wanted = simulatedInstruments(1).filter(({ instrument }) => instruments.includes(instrument))
    const [, ...lines] = [...simulatedCsv({ seed: 1, interval, sessionDates, instruments: wanted })]
      .join('')
      .trim()
      .split('\n')
    const expected = lines
      .map((line) => line.split(','))
      .filter(([, ts = '']) => ts >= window.start)
      .map(([instrument, ts = '', , , , close]) => [`${instrument} ${Date.parse(ts)}`, Number(close)])
    const kept = await closes(interval, 'SIM')
    expect(expected.length).toBeGreaterThan(40)
    expect(expected.filter(([key, close]) => kept.get(String(key)) !== close)).toEqual([])
  }
})

test('a folder is crawled, and again only what changed, also by the next process', async () => {
  const put = (name: string, ...lines: string[]) =>
    writeFileSync(
      join(directory, 'broker', name),
      ['Date,Open,High,Low,Close,Adj Close,Volume', ...lines, ''].join('\n'),
    )
  put('1101.TW.csv', '2026-03-02,10,11,9,10,10,1000', '2026-03-03,10,12,9,11,10,1000')
  put('1102.TW.csv', '2026-03-02,10,11,9,9,10,1000')
  const all = { start: '1990-01-01', end: '2100-01-01' }
  // The folder, and of each file its one part and its end.
  expect(await crawl('file', 'daily-bars', all)).toBe(5)
  expect(await crawl('file', 'daily-bars', all)).toBe(1)
  const at = (date: string) => Date.parse(`${date}T01:00:00Z`)
  const expected = new Map([
    [`TWSE:1101 ${at('2026-03-02')}`, 10],
    [`TWSE:1101 ${at('2026-03-03')}`, 11],
    [`TWSE:1102 ${at('2026-03-02')}`, 9],
  ])
  expect(await closes('1d', 'TWSE')).toEqual(expected)

  await server.close()
  server = await open()
  put('1102.TW.csv', '2026-03-02,10,11,9,9.5,10,1000', '2026-03-03,10,11,9,9,10,1000')
  expect(await crawl('file', 'daily-bars', all)).toBe(3)
  expected.set(`TWSE:1102 ${at('2026-03-02')}`, 9.5).set(`TWSE:1102 ${at('2026-03-03')}`, 9)
  expect(await closes('1d', 'TWSE')).toEqual(expected)
  const { data } = await send('GET', '/v1/datasets/imported_files/rows')
  expect(data).toMatchObject([
    { file: 'broker/1101.TW.csv', lines: 2, kept: 2, refused: 0, start: null, end: null },
    { file: 'broker/1102.TW.csv', lines: 2, kept: 2, refused: 0 },
  ])
})

test('both are listed among the connectors, and no answer tells where a folder lies', async () => {
  const { data } = await send('GET', '/v1/connectors')
  const plans = Object.fromEntries(data.map((one: { id: string; plans: object }) => [one.id, Object.keys(one.plans)]))
  expect(plans.file).toEqual(['daily-bars', 'hour-bars', 'minute-bars'])
  expect(plans.simulated).toEqual(['instruments', 'holidays', 'daily-bars', 'hour-bars', 'minute-bars'])
  writeFileSync(join(directory, 'broker', '1103.TW.csv.gz'), 'never packed')
  const { data: ordered } = await send('POST', '/v1/crawls', {
    connector: 'file',
    plan: 'daily-bars',
    start: '2026-01-01',
    end: '2026-02-01',
  })
  let dead: { error: string }[] = []
  while (dead.length === 0) dead = (await send('GET', '/v1/dead-tasks')).data
  expect(dead).toMatchObject([{ crawl: ordered.id, error: expect.stringMatching(/^UNREADABLE_FILE: broker\/1103/) }])
  expect(JSON.stringify([data, dead, (await send('GET', '/v1/crawls')).data])).not.toContain(directory)

  const wrong = { connector: 'file', plan: 'daily-bars', ...window, options: { folder: '../etc' } }
  expect(await send('POST', '/v1/crawls', wrong)).toMatchObject({
    status: 400,
    message: expect.stringContaining('broker'),
  })
})
