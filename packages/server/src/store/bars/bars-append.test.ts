import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bar, BarkeepError, formatInstant, type KeptInterval, sessionDateOf, sessionOf } from '@barkeep/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Contents, openContents } from '../contents.js'
import { openChdbStore } from '../engine/chdb-store.js'
import type { Store } from '../store.js'
import { soundRows } from './sound-rows.js'

type Told = Bar & { readonly final?: boolean }

let directory: string
let store: Store
let contents: Contents
/** How often bars went by way of a body. */
let spooled = 0

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-bars-append-'))
  const opened = await openChdbStore({ directory, streamsMax: 1 })
  store = {
    ...opened,
    spool(body, bytesMax) {
      spooled += 1
      return opened.spool(body, bytesMax)
    },
  }
  contents = await openContents(store)
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const sound: Told = {
  instrument: 'TWSE:2330',
  ts: '2026-11-20T01:00:00Z',
  open: 10,
  high: 11.5,
  low: 9.25,
  close: 10.1,
  volume: 3_000,
  turnover: 30_100.5,
  trades: 7,
}
const day = (instrument: string, ts: string): Told => ({ ...sound, instrument, ts })

/** What is kept of an instrument, without when it was known. */
const kept = (interval: KeptInterval, instrument: string) =>
  store.rows(
    `SELECT * EXCEPT (instrument, known_at) FROM bars_${interval} FINAL
    WHERE instrument = {id:UInt32} ORDER BY ts`,
    { id: contents.catalog.instrument(instrument)?.id ?? -1 },
  )

/** The same bars as a body, and as objects: what each says, with the names of their instruments taken out. */
async function bothWays(interval: KeptInterval, bars: readonly Told[]) {
  const said = async (work: Promise<unknown>) => {
    try {
      await work
      return 'kept'
    } catch (error) {
      if (!(error instanceof BarkeepError)) throw error
      return `${error.code} ${error.message} ${JSON.stringify(error.errors)}`
    }
  }
  const text = bars.map((bar) => `${JSON.stringify(bar)}\n`).join('')
  const body = (async function* () {
    yield new TextEncoder().encode(text)
  })()
  await store.command(`TRUNCATE TABLE bars_${interval}`)
  const posted = await said(
    contents.ingest.store({ interval, format: 'JSONEachRow', body, bytesMax: 1e6, source: 'api' }),
  )
  const ofBody = await kept(interval, sound.instrument)
  await store.command(`TRUNCATE TABLE bars_${interval}`)
  const appended = await said(contents.ingest.append({ interval, bars, source: 'api' }))
  return { posted, appended, ofBody, ofAppend: await kept(interval, sound.instrument) }
}

test('a sound bar goes into the store without a body, and reads back as it was told', async () => {
  await contents.catalog.createMissing(['TWSE:2330', 'TWSE:2331'])
  const before = spooled
  const told: Told[] = [
    { ...sound, ts: '2026-11-20T09:01:00+08:00', turnover: null, trades: null, final: false },
    { ...sound, ts: '2026-11-20T01:02:00.000Z' },
  ]
  const committed = await contents.ingest.append({ interval: '1m', bars: told, source: "o'hara\\" })
  expect(spooled).toBe(before)
  const source = "o'hara\\"
  const { instrument: _, ...values } = sound
  expect(await kept('1m', 'TWSE:2330')).toEqual([
    { ...values, ts: '2026-11-20T01:01:00Z', turnover: null, trades: null, source, final: false },
    { ...values, ts: '2026-11-20T01:02:00Z', source, final: true },
  ])
  const known = await store.rows('SELECT DISTINCT toUnixTimestamp64Milli(known_at) AS ms FROM bars_1m')
  expect(known).toEqual([{ ms: committed.knownAtMs }])
})

describe('bars as objects are told what the same bars in a body are told', () => {
  const cases: [string, KeptInterval, Partial<Told>][] = [
    ['sound ones', '1m', {}],
    ['a price of zero', '1m', { low: 0 }],
    ['a volume that is no whole number', '1m', { volume: 1.5 }],
    ['more trades than the store can hold', '1m', { trades: 4_294_967_296 }],
    ['a volume that a number cannot hold', '1m', { volume: 2 ** 60 }],
    ['amid a minute', '1m', { ts: '2026-11-20T01:00:30Z' }],
    ['no offset', '1m', { ts: '2026-11-20T01:00:00' }],
    ['a day that is not', '1m', { ts: '2026-02-30T01:00:00Z' }],
    ['without a T', '1m', { ts: '2026-11-20 09:00:00+08:00' }],
    ['before 1970', '1m', { ts: '1969-12-31T23:59:00Z' }],
    ['in 2106', '1h', { ts: '2106-02-07T06:28:00Z' }],
    ['amid a session', '1d', { ts: '2026-11-20T02:00:00Z' }],
    ['the open of a session', '1d', {}],
  ]
  test.each(cases)('%s', async (_, interval, change) => {
    const second = { ...sound, instrument: 'TWSE:2331' }
    const { posted, appended, ofBody, ofAppend } = await bothWays(interval, [second, { ...sound, ...change }])
    expect(appended).toBe(posted)
    expect(ofAppend).toEqual(ofBody)
  })

  test('whatever they are', async () => {
    const odd = fc.constantFrom<unknown>(-1, 0, 1.5, 1e-300, 1e300, 2 ** 53, Number.NaN, 'ten', null, true)
    const change = fc.dictionary(fc.constantFrom('open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'), odd, {
      maxKeys: 2,
    })
    const ts = fc.oneof(
      fc.integer({ min: -100, max: 4_294_967_300 }).map((seconds) => formatInstant(seconds * 1_000)),
      fc.integer({ min: 0, max: 71_000_000 }).map((minute) => formatInstant(minute * 60_000)),
      fc
        .tuple(
          fc.constantFrom('2024-02-29', '2025-02-29', '2026-11-20', '2026-13-01'),
          fc.constantFrom('T01:00:00', 'T24:00:00', 'T01:00', ' 01:00:00', 'T01:00:00.0', 'T01:00:00.5'),
          fc.constantFrom('Z', '+08:00', '-00:30', '+14:00', '+15:00', '+8', ''),
        )
        .map((pieces) => pieces.join('')),
    )
    const interval = fc.constantFrom<KeptInterval>('1m', '1h', '1d')
    const law = fc.asyncProperty(interval, change, ts, async (of, fields, start) => {
      const { posted, appended, ofBody, ofAppend } = await bothWays(of, [{ ...sound, ts: start, ...fields } as Told])
      expect(appended).toBe(posted)
      expect(ofAppend).toEqual(ofBody)
    })
    await fc.assert(law, { numRuns: 30 })
  })

  test('days of all exchanges start where both ways say', async () => {
    const { exchanges } = contents.catalog
    await contents.catalog.createMissing(exchanges.map(({ code }) => `${code}:X`))
    for (const exchange of exchanges) {
      const instrument = `${exchange.code}:X`
      for (const month of [0, 2, 5, 10]) {
        const date = sessionDateOf(exchange, Date.UTC(2026, month, 10, 12))
        const { openMs } = sessionOf(exchange, date)
        const bar = day(instrument, formatInstant(openMs))
        expect(soundRows({ interval: '1d', bars: [bar], source: 'api' }, contents.catalog, 0)).toHaveLength(1)
        expect(await bothWays('1d', [bar])).toMatchObject({ posted: 'kept', appended: 'kept' })
        const late = day(instrument, formatInstant(openMs + 3_600_000))
        expect(soundRows({ interval: '1d', bars: [late], source: 'api' }, contents.catalog, 0)).toBeUndefined()
      }
    }
  })
})
