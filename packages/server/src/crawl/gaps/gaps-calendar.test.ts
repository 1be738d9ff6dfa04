import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Contents, openContents } from '../../store/contents.js'
import { openStore } from '../../store/open-store.js'
import type { Store } from '../../store/store.js'
import { lastMinuteEnds, type MarketDay, marketCalendar } from './gaps-calendar.js'

let directory: string
let store: Store
let contents: Contents

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-calendar-'))
  store = await openStore({
    directory,
    server: { url: '', user: '', password: '', database: '' },
    streamsMax: 2,
    silenceMsMax: 600_000,
  })
  contents = await openContents(store)
  await contents.catalog.createMissing(Array.from({ length: 6 }, (_, index) => `US:S${index}`))
  await insert('bars_1d', "0, toDateTime('2025-11-26 14:30:00', 'UTC'), 1, 1, 1, 1, 1, NULL, NULL, 'x', true, now64(3)")
  // A half day: the last minute of anyone starts at 12:59 in New York.
  for (const ts of ['2025-11-28 14:30:00', '2025-11-28 17:59:00']) {
    await insert('bars_1m', `0, toDateTime('${ts}', 'UTC'), 1, 1, 1, 1, 1, NULL, NULL, 'x', true, now64(3)`)
  }
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

function insert(table: string, values: string): Promise<void> {
  return store.command(`INSERT INTO ${table} SELECT ${values}`)
}

function cover(scope: string, start: string, end: string, outcome: string): Promise<void> {
  return insert('coverage', `'1d', '${scope}', toDate32('${start}'), toDate32('${end}'), 'x', '${outcome}', now64(3)`)
}

function daysOf(now = '2025-12-03T23:00:00Z'): Promise<MarketDay[]> {
  return marketCalendar(store, contents, contents.catalog.exchange('US'), {
    start: '2025-11-26',
    end: '2025-12-05',
    nowMs: Date.parse(now),
    settleMs: 3_600_000,
  })
}

async function calendar(now?: string): Promise<string[]> {
  return (await daysOf(now)).map(({ date, state, toldBy }) => `${date.slice(5)} ${state} ${toldBy}`)
}

test('a weekday without a bar is missing when it is over, and expected before', async () => {
  expect(await calendar()).toEqual([
    '11-26 session bars',
    '11-27 missing weekday',
    '11-28 session bars',
    '11-29 closed weekday',
    '11-30 closed weekday',
    '12-01 missing weekday',
    '12-02 missing weekday',
    '12-03 missing weekday',
    '12-04 expected weekday',
  ])
  // The session of 12-03 ends at 21:00 UTC; its bars have an hour to come.
  expect(await calendar('2025-12-03T21:59:59Z')).toContain('12-03 expected weekday')
})

test('the silence of several instruments closes a day, that of a few does not', async () => {
  for (const symbol of ['S0', 'S1', 'S2', 'S3']) await cover(`US:${symbol}`, '2025-11-20', '2025-12-02', 'page')
  // Two rows of one instrument are still one.
  await cover('US:S3', '2025-11-27', '2025-11-28', 'no-data')
  expect(await calendar()).toContain('11-27 missing weekday')
  await cover('US:S4', '2025-11-27', '2025-11-28', 'no-data')
  expect(await calendar()).toEqual(expect.arrayContaining(['11-27 closed silence', '12-01 missing weekday']))
})

test('an upstream that says so closes a day, unless there are bars of it', async () => {
  await cover('US', '2025-12-01', '2025-12-02', 'holiday')
  await cover('US', '2025-11-28', '2025-11-29', 'holiday')
  expect(await calendar()).toEqual(expect.arrayContaining(['12-01 closed upstream', '11-28 session bars']))
})

test('a half day is seen by the last minute bar of any instrument', async () => {
  const exchange = contents.catalog.exchange('US')
  const ends = await lastMinuteEnds(store, contents, exchange, '2025-11-01', '2026-01-01')
  expect([...ends]).toEqual([['2025-11-28', 13 * 60]])
})

test('a schedule closes days, opens them, and tells when half days end', async () => {
  await contents.datasets.create({
    name: 'us_holidays',
    title: 'Schedule',
    licence: null,
    source: null,
    key: ['date'],
    columns: [
      { name: 'date', type: 'date', nullable: false },
      { name: 'open', type: 'boolean', nullable: false },
      { name: 'close', type: 'string', nullable: true },
    ],
  })
  const rows = [
    { date: '2025-12-02', open: false, close: null },
    { date: '2025-11-29', open: true, close: null },
    { date: '2025-11-28', open: true, close: '13:00' },
  ]
  await contents.datasetIngest.store({
    name: 'us_holidays',
    format: 'JSONEachRow',
    body: (async function* () {
      yield new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    })(),
    bytesMax: 1_000_000,
  })
  expect(await calendar()).toEqual(
    expect.arrayContaining(['12-02 closed schedule', '11-29 missing schedule', '12-03 missing schedule']),
  )
  const closes = (await daysOf()).map(({ closeMinute }) => closeMinute)
  expect(closes.slice(0, 4)).toEqual([960, 960, 780, 960])
})
