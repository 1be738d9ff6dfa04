import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { builtInExchanges } from '@barkeep/core'
import { loadConfig, startServer } from '@barkeep/server'
import { expect, onTestFinished, test } from 'vitest'
import { fakePage } from '../packages/connectors/src/fake-context.contract.js'
import { readYahooJson } from '../packages/connectors/src/yahoo/answer.js'
import { chartBars } from '../packages/connectors/src/yahoo/chart-bars.js'
import { parseChart } from '../packages/connectors/src/yahoo/parse-chart.js'
import { adjustmentsOf, splitsOf } from '../packages/connectors/src/yahoo/splits.js'

const file = new URL(
  '../../shared/data/recorded/yahoo/historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json',
  import.meta.url,
)
const missing = !existsSync(file)
if (missing && process.env.CI === 'true') throw new Error(`real data is missing: ${file.pathname}`)
if (missing) console.warn(`SKIPPED, real data is missing: ${file.pathname}`)

interface Recorded {
  readonly response: { readonly bodyJson: { readonly chart: { readonly result: readonly [RecordedChart] } } }
}
interface RecordedChart {
  readonly timestamp: readonly number[]
  readonly indicators: {
    readonly adjclose: readonly [{ readonly adjclose: readonly number[] }]
    readonly quote: readonly [{ readonly close: readonly number[] }]
  }
}

const instrument = 'NASDAQ:NVDA'

/** As announced, 16 cents before the split and 4 after it; a tenth of it, since the recording is on the basis after the split of 2024. */
const dividends = (
  [
    ['2021-03-09', 0.016],
    ['2021-06-09', 0.016],
    ['2021-08-31', 0.004],
    ['2021-12-01', 0.004],
  ] as const
).map(([date, value]) => ({ instrument, date, kind: 'dividend' as const, value }))

test.skipIf(missing)('a year of NVIDIA with a split and four dividends is what Yahoo makes of it', async () => {
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded // as it was recorded
  const { bodyJson } = recorded.response
  const exchange = builtInExchanges.find(({ code }) => code === 'NASDAQ')
  if (exchange === undefined) throw new Error('NASDAQ is built in.')
  const body = readYahooJson(fakePage({ status: 200, body: JSON.stringify(bodyJson) }))
  const chart = parseChart(body, { symbol: 'NVDA', granularities: ['1d'], exchange })
  if (typeof chart === 'string') throw new Error(`The chart is none: ${chart}`)
  const window = { start: '2021-01-01', end: '2022-12-31', settledThrough: '2022-12-31' }
  const asked = { instrument, exchange, interval: '1d', ...window, splits: splitsOf(chart, exchange) } as const
  const { bars, refused } = chartBars(chart, asked)
  expect(refused).toEqual([])

  const directory = mkdtempSync(join(tmpdir(), 'barkeep-adjust-real-'))
  const server = await startServer(loadConfig({ flags: { data: directory, port: '0' } }))
  onTestFinished(async () => {
    await server.close()
    rmSync(directory, { recursive: true })
  })
  const client = createClient({ url: server.url })
  await client.createBars('1d', bars)
  const splits = adjustmentsOf(chart, instrument, exchange)
  expect(splits).toEqual([{ instrument, date: '2021-07-20', kind: 'split', value: 4 }])
  await client.createAdjustments([...splits, ...dividends])

  const { adjclose, quote } = bodyJson.chart.result[0].indicators
  const closesOf = async (adjust: 'split' | 'all') =>
    (await client.bars([instrument], { interval: '1d', adjust }).toArray()).map(({ close }) => close)
  const [split, all] = [await closesOf('split'), await closesOf('all')]
  // What was paid after that year is in Yahoo's figures, too, so they are told as parts of the last.
  const parts = (values: readonly number[]) => values.map((value) => value / (values.at(-1) ?? 1))
  const farthest = (told: readonly number[], wanted: readonly number[]) => {
    expect(told.length).toBe(wanted.length)
    return Math.max(...parts(told).map((part, at) => Math.abs(part / (parts(wanted)[at] ?? 0) - 1)))
  }
  // The bars are kept in whole cents, and half a cent of 20 dollars is this.
  expect(farthest(split, quote[0].close)).toBeLessThan(3e-4)
  // What dividends take off does not feel the cents; Yahoo's prices have seven digits.
  const left = (after: readonly number[], before: readonly number[]) => after.map((one, at) => one / (before[at] ?? 0))
  expect(farthest(left(all, split), left(adjclose[0].adjclose, quote[0].close))).toBeLessThan(1e-6)
  expect(left(all, split)[0]).toBeCloseTo(0.9991, 4)
})
