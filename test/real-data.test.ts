import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createClient } from '@barkeep/client'
import { readBars, shippedFormats } from '@barkeep/connectors'
import { builtInExchanges } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  compareBars,
  dataIsThere,
  dataRoot,
  groupBars,
  mergeBars,
  parseTaiwanFiles,
  type TaiwanFiles,
} from './real-data-files.js'

const header = 'instrument,ts,open,high,low,close,volume,turnover,trades'
let directory: string
let server: RunningServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-real-data-'))
  server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
})

afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Reads the files and posts them batch by batch, as an import does. */
async function importFiles(folder: string, formatId: string) {
  const client = createClient({ url: server.url })
  const format = shippedFormats.find(({ id }) => id === formatId)
  if (format === undefined) throw new Error(`no format ${formatId}`)
  const counted = { kept: 0, refused: 0, replaced: 0, instruments: 0 }
  for await (const batch of readBars([`${dataRoot}/${folder}`], format, { exchanges: builtInExchanges })) {
    const body = `${header}\n${batch.csv}`
    const report = await client.createBars(batch.interval, body, {
      contentType: 'text/csv',
      source: `file:${formatId}`,
    })
    expect(report.rows).toBe(batch.rows)
    counted.kept += report.rows
    counted.refused += batch.refused.length
    counted.replaced += report.replaced
    counted.instruments += report.created_instruments.length
  }
  return counted
}

/** Bars over REST as CSV, read as they arrive: `instrument ts` → the numbers of the other columns, NaN where there is none. */
async function* streamBars(query: string): AsyncGenerator<readonly [string, readonly number[]]> {
  const answer = await fetch(`${server.url}/v1/bars?${query}&columns=${header}&format=csv`)
  if (answer.status !== 200 || answer.body === null) throw new Error(`${answer.status}: ${await answer.text()}`)
  let isHeader = true
  for await (const line of createInterface({ input: Readable.from(answer.body), crlfDelay: Infinity })) {
    const [instrument, ts, ...values] = line.replaceAll('"', '').split(',')
    if (!isHeader) yield [`${instrument} ${ts}`, values.map((value) => (value === '' ? Number.NaN : Number(value)))]
    isHeader = false
  }
}

async function loadMap(query: string, keyOf = (key: string) => key): Promise<Map<string, readonly number[]>> {
  const bars = new Map<string, readonly number[]>()
  for await (const [key, bar] of streamBars(query)) bars.set(keyOf(key), bar)
  return bars
}

/** `US:SPY 2013-10-07T13:30:00Z` → `US:SPY 2013-10-07`: regular hours lie within one date of UTC. */
const dayOf = (key: string) => key.slice(0, -'T13:30:00Z'.length)
/** The zone is whole hours from UTC, so the hours of both begin together. */
const hourOf = (key: string) => key.slice(0, -':30:00Z'.length)
const monthOf = (key: string) => key.slice(0, -'-11T01:00:00Z'.length)

const newYork = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/New_York', hour: '2-digit', minute: '2-digit' })
/** Whether an instant lies within 09:30–16:00 in New York. */
function isRegular(ts: string): boolean {
  const clock = newYork.format(new Date(ts))
  return clock >= '09:30' && clock < '16:00'
}

function merged(bars: Iterable<readonly [string, readonly number[]]>, keyOf: (key: string) => string) {
  return new Map([...groupBars(bars, keyOf)].map(([key, group]) => [key, mergeBars(group)]))
}

const taiwanIsThere = dataIsThere('twse-tpex-daily')
const leanIsThere = dataIsThere('lean')

describe.skipIf(!taiwanIsThere)('seventeen years of daily bars of Taiwan', () => {
  let files: TaiwanFiles
  let counted: Awaited<ReturnType<typeof importFiles>>
  beforeAll(async () => {
    files = parseTaiwanFiles()
    counted = await importFiles('twse-tpex-daily', 'taiwan-daily')
  })

  test('every line of the 153 files is kept or refused', () => {
    expect([files.files, files.lines, files.bars.size]).toEqual([153, 465_773, 460_562])
    expect(counted).toEqual({ kept: 460_562, refused: 5_211, replaced: 0, instruments: 153 })
  })

  test('every kept bar reads back over REST as the files have it', async () => {
    const seen = new Set<string>()
    let compared = 0
    const wrong: string[] = []
    for await (const [key, bar] of streamBars('interval=1d&exchange=TWSE')) {
      const expected = files.bars.get(key)
      if (expected?.length !== bar.length || expected.some((value, index) => value !== bar[index]))
        wrong.push(`${key} ${bar}`)
      seen.add(key)
      compared += 1
    }
    expect(wrong.slice(0, 5)).toEqual([])
    expect([compared, seen.size]).toEqual([460_562, 460_562])
  })

  test('every kept bar reads back over the SDK as the files have it', async () => {
    // All instruments, so those of other exchanges are passed over, should they be there already.
    const table = await createClient({ url: server.url }).loadBars({
      interval: '1d',
      start: '1970-01-02',
      end: '2100-01-01',
    })
    const instruments = table.getChild('instrument').toArray()
    const instants = table.getChild('ts').toArray()
    const columns = (['open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const).map((name) =>
      table.getChild(name).toArray(),
    )
    const wrong: string[] = []
    let compared = 0
    for (let row = 0; row < table.numRows; row += 1) {
      if (!String(instruments[row]).startsWith('TWSE:')) continue
      const key = `${instruments[row]} ${new Date(Number(instants[row])).toISOString().replace('.000', '')}`
      const expected = files.bars.get(key)
      if (expected === undefined || columns.some((column, index) => Number(column[row]) !== expected[index]))
        wrong.push(key)
      compared += 1
    }
    expect(wrong.slice(0, 5)).toEqual([])
    expect(compared).toBe(460_562)
  })

  test('months of 2330 are those that its days make', async () => {
    const days = [...files.bars].filter(([key]) => key.startsWith('TWSE:2330 '))
    const months = await loadMap('interval=1mo&instruments=TWSE:2330')
    expect(months.size).toBe(203)
    // A month starts when a session on its first day would.
    expect(months).toEqual(merged(days, (key) => `${monthOf(key)}-01T01:00:00Z`))
  })
})

describe.skipIf(!leanIsThere)('bars of Lean', () => {
  let counted: Awaited<ReturnType<typeof importFiles>>
  beforeAll(async () => {
    counted = await importFiles('lean', 'lean')
  })

  test('every line of the zips is kept', () => {
    // 11,746 of minutes, 81,663 of hours, 11,698 of days.
    expect(counted).toEqual({ kept: 105_107, refused: 0, replaced: 0, instruments: 4 })
  })

  test('a day starts at 09:30 in New York on both sides of a change of the clocks', async () => {
    const days = await loadMap('interval=1d&instruments=US:SPY&start=1998-01-01&end=2022-01-01')
    const around = [
      // Until 2006 from the first Sunday of April to the last of October, since 2007 from March to November.
      ['1998-04-03T14:30:00Z', '1998-04-06T13:30:00Z', '1998-10-23T13:30:00Z', '1998-10-26T14:30:00Z'],
      ['2020-03-06T14:30:00Z', '2020-03-09T13:30:00Z', '2020-10-30T13:30:00Z', '2020-11-02T14:30:00Z'],
    ].flat()
    expect(around.filter((ts) => !days.has(`US:SPY ${ts}`))).toEqual([])
    const hours = await loadMap('interval=1h&instruments=US:SPY&start=2020-03-06&end=2020-03-10', (key) => key.slice(7))
    // Lean stands its hours on the clock, so the first one, begun by the session, lasts half an hour.
    expect([...hours.keys()].filter((ts) => ts.startsWith('2020-03-0')).map((ts) => ts.slice(8, 16))).toEqual([
      ...['06T14:30', '06T15:00', '06T16:00', '06T17:00', '06T18:00', '06T19:00', '06T20:00'],
      ...['09T13:30', '09T14:00', '09T15:00', '09T16:00', '09T17:00', '09T18:00', '09T19:00'],
    ])
  })

  test('hours make the days that Lean has, on all 11,698 days of two instruments', async () => {
    // The keys hold the instant, so a day that started at another time would not be compared.
    const compared = compareBars(
      await loadMap('interval=1d&base=1h&exchange=US'),
      await loadMap('interval=1d&exchange=US'),
    )
    expect(compared).toEqual({ compared: 11_698, equal: 11_698, byField: {}, mismatches: [] })
  })

  test('days and half hours are those that this test makes of the minutes', async () => {
    const minutes = await loadMap('interval=1m&exchange=US')
    expect(minutes.size).toBe(11_746)
    const regular = [...minutes].filter(([key]) => isRegular(key.slice(-20)))
    expect(regular.length).toBeLessThan(minutes.size)
    const days = merged(regular, dayOf)
    expect(days.size).toBe(19)
    expect(await loadMap('interval=1d&base=1m&exchange=US', dayOf)).toEqual(days)
    const halves = merged(
      regular,
      (key) => `${key.slice(0, -'MM:00Z'.length)}${Number(key.slice(-6, -4)) < 30 ? '00' : '30'}:00Z`,
    )
    expect(await loadMap('interval=30m&base=1m&exchange=US')).toEqual(halves)
  })

  test('minutes make the days that Lean has but for odd prints', async () => {
    const derived = await loadMap('interval=1d&base=1m&exchange=US')
    // Only nine of the 19 days are in the daily files. Open, close and volume agree on all of them. Lean's minutes hold
    // prints, a cent or two beyond the extremes, that its days leave out; the test above shows that the minutes have them.
    expect(compareBars(derived, await loadMap('interval=1d&exchange=US'))).toEqual({
      compared: 9,
      equal: 6,
      byField: { high: 2, low: 2 },
      mismatches: [
        'US:AAPL 2014-06-05T13:30:00Z: high 649.37 ≠ 649.35',
        'US:AAPL 2014-06-06T13:30:00Z: high 651.26 ≠ 651.25',
        'US:AAPL 2014-06-06T13:30:00Z: low 644.47 ≠ 644.48',
        'US:SPY 2013-10-08T13:30:00Z: low 165.36 ≠ 165.37',
      ],
    })
  })

  test('half hours make the hours that Lean has in volume, and in price but for odd prints', async () => {
    const halves = merged(await loadMap('interval=30m&base=1m&exchange=US'), hourOf)
    const { mismatches, ...compared } = compareBars(halves, await loadMap('interval=1h&exchange=US', hourOf))
    // Volume agrees to the share in all 63, so both files count the same trades in the same hours; which print was the
    // first, last or extreme one they tell differently, mostly by a few
    // cents. The test above shows that the half hours are what the minutes say, so Lean's files differ among themselves.
    expect(compared).toEqual({ compared: 63, equal: 29, byField: { open: 17, high: 13, low: 10, close: 11 } })
    // The two that are not small.
    expect(mismatches).toContain('US:SPY 2013-10-08T19: high 167.51 ≠ 166.25')
    expect(mismatches).toContain('US:SPY 2013-10-11T19: low 169.2 ≠ 169.78')
    expect(mismatches).toHaveLength(51)
  })
})
