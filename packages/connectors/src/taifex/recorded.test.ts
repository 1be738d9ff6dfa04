import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { futuresDay, optionsDay } from './market-day.js'

// From the root of the repository, where vitest runs.
const folder = '../shared/data/recorded/node-twstock'
const missing = !existsSync(folder)
if (missing && process.env.CI === 'true') throw new Error(`${folder} is missing, and in CI it must be there.`)
if (missing) console.warn(`LEFT OUT: ${folder} is missing, so the parsers of taifex were not tried on real pages.`)

const read = (name: string): Uint8Array => readFileSync(`${folder}/${name}`)

/** Pages of the futures exchange that this connector does not ask for, and why. */
const outOfScope: Readonly<Record<string, string>> = {
  'mis-taifex-': 'quotes of MIS as they stand at a moment are no bars; lists of what is quoted now tell no dates',
  'taifex-exchange-rates': 'rates of the central bank are neither futures nor options',
  'taifex-futures-institutional-2': 'who traded is a total of the market, and no bar of an instrument',
  'taifex-futures-institutional.': 'who traded is a total of the market, and no bar of an instrument',
  'taifex-futures-institutional-no-data': 'who traded is a total of the market, and no bar of an instrument',
  'taifex-options-institutional': 'who traded is a total of the market, and no bar of an instrument',
  'taifex-futures-large-traders': 'positions of large traders are no bars',
  'taifex-options-large-traders': 'positions of large traders are no bars',
  'taifex-txo-put-call-ratio': 'a ratio of totals is no bar',
  'taifex-listed-stock-futopt': 'the list of products tells no contracts',
}

const inScope = [
  'taifex-futures-historical.csv',
  'taifex-futures-historical-20240729.csv',
  'taifex-futures-historical-no-data.csv',
  'taifex-options-historical.csv',
  'taifex-options-historical-no-data.csv',
  'taifex-futures-institutional-datetime-error.html',
]

async function run(name: string, date: string, what: 'futures' | 'options' = 'futures') {
  const context = fakeContext({ now: '2026-01-01T00:00:00Z', answers: [{ body: read(name) }] })
  const { data } =
    what === 'futures'
      ? await futuresDay({ connector: 'taifex', handler: 'futuresDay', params: { date, options: false } }, context)
      : await optionsDay({ connector: 'taifex', handler: 'optionsDay', params: { date } }, context)
  if ('absence' in data) return data.absence
  const bars = data.bars?.[0]?.bars ?? []
  const rows = data.rows?.[0]?.rows ?? []
  return { bars, rows, refused: data.refused ?? [], night: rows.filter(({ session }) => session === 'night') }
}

describe.skipIf(missing)('recorded pages of TAIFEX', () => {
  it('are each read below, or out of scope for a reason', () => {
    const ours = readdirSync(folder).filter((name) => /^(mis-)?taifex-/.test(name))
    const left = ours.filter(
      (name) => !inScope.includes(name) && !Object.keys(outOfScope).some((beginning) => name.startsWith(beginning)),
    )
    expect(ours.length).toBeGreaterThan(inScope.length)
    expect(left).toEqual([])
    expect(inScope.filter((name) => !ours.includes(name))).toEqual([])
  })

  it.each([
    ['taifex-futures-historical.csv', '2023-01-30', 1_854, 104, 15],
    ['taifex-futures-historical-20240729.csv', '2024-07-29', 2_135, 159, 19],
  ])(
    '%s has a row for each line, and no bar of those without high and low',
    async (name, date, lines, nights, blocks) => {
      const told = await run(name, date)
      if (typeof told === 'string') throw new Error(told)
      expect([told.rows.length, told.night.length, told.refused.length]).toEqual([lines, nights, blocks])
      expect(told.refused.every(({ reason, bar }) => reason === 'no high and low' && bar === undefined)).toBe(true)
      expect(told.bars.every(({ ts }) => ts === `${date}T00:45:00Z`)).toBe(true)
    },
  )

  it('futures of 2023-01-30 have bars in contracts, and the night before the lunar new year belongs to it', async () => {
    const told = await run('taifex-futures-historical.csv', '2023-01-30')
    if (typeof told === 'string') throw new Error(told)
    const find = (symbol: string) => told.bars.find(({ instrument }) => instrument === `TAIFEX:${symbol}`)
    expect(find('ZFF202301')).toMatchObject({ open: 1580.4, high: 1586, low: 1553.2, close: 1570.2, volume: 647 })
    expect(find('MTX202302W1')).toMatchObject({ open: 15470, high: 15515, low: 15360, close: 15456, volume: 216 })
    expect(find('ZFF202306')).toBeUndefined()
    expect(told.night.find(({ instrument }) => instrument === 'TAIFEX:ZEF202301')).toMatchObject({
      date: '2023-01-30',
      open: 690.55,
      volume: 649,
      settlement: null,
    })
    expect(told.rows.find(({ instrument }) => instrument === 'TAIFEX:NYF202301/202302')).toBeDefined()
  })

  it('options of 2023-01-30 are 5,922 rows with strike and right in their names', async () => {
    const told = await run('taifex-options-historical.csv', '2023-01-30', 'options')
    if (typeof told === 'string') throw new Error(told)
    expect([told.rows.length, told.night.length, told.refused]).toEqual([5_922, 686, []])
    expect(told.bars.find(({ instrument }) => instrument === 'TAIFEX:TXO202301C10800')).toMatchObject({
      open: 4590,
      high: 4640,
      low: 4590,
      close: 4630,
      volume: 358,
    })
    expect(told.rows.some(({ instrument }) => instrument === 'TAIFEX:CAO202301C57.5')).toBe(true)
  })

  it('of a header alone are a holiday', async () => {
    expect(await run('taifex-futures-historical-no-data.csv', '2023-01-01')).toBe('holiday')
    expect(await run('taifex-options-historical-no-data.csv', '2023-01-01', 'options')).toBe('holiday')
  })

  it('that are a box about the date are refused', async () => {
    await expect(run('taifex-futures-institutional-datetime-error.html', '2023-01-30')).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
    })
  })
})
