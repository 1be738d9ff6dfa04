import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../start-emulator.js'
import { recordedFolderOrSkip } from './recorded-folder.js'

const folder = recordedFolderOrSkip()
let nowMs = Date.parse('2025-02-20T16:00:00+08:00')
let emulator: Emulator

beforeAll(async () => {
  emulator = await startEmulator({ now: () => nowMs, stocks: 30, limits: { twse: [] } })
})
afterAll(() => emulator.close())

// A recorded body is read as whatever it is; the tests compare names.
const recorded = (file: string) => JSON.parse(readFileSync(join(folder ?? '', file), 'utf8')) as Record<string, never>
const played = async (upstream: 'twse' | 'yahoo', path: string) =>
  (await (await fetch(emulator.url(upstream) + path)).json()) as Record<string, never>

/** Names of keys at every depth, with the kind of each value; of a list only its first element. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${path}[]`] : shapeOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return [`${path}: ${value === null ? 'null' : typeof value}`]
  return Object.entries(value).flatMap(([key, inner]) => shapeOf(inner, `${path}.${key}`))
}

describe.skipIf(folder === undefined)('generated bodies have the shape of recorded ones', () => {
  it('STOCK_DAY', async () => {
    const real = recorded('samples/twse-STOCK_DAY-2330-202411.json')
    const ours = await played('twse', '/rwd/zh/afterTrading/STOCK_DAY?date=20241109&stockNo=2330')
    expect(Object.keys(ours)).toEqual(Object.keys(real))
    expect(ours.fields).toEqual(real.fields)
    expect(ours.notes).toEqual(real.notes)
    expect(ours.title).toBe(real.title)
    expect(shapeOf(ours)).toEqual(shapeOf(real))
  })

  it('MI_INDEX', async () => {
    const real = recorded('node-twstock/twse-stocks-historical.json')
    const ours = await played('twse', '/rwd/zh/afterTrading/MI_INDEX?date=20230130&type=ALLBUT0999&response=json')
    expect(Object.keys(ours).sort()).toEqual(Object.keys(real).sort())
    expect(ours.params).toEqual(real.params)
    const headers = (tables: { title?: string; fields?: string[] }[]) =>
      tables.map(({ title, fields }) => ({ title, fields }))
    expect(headers(ours.tables ?? [])).toEqual(headers(real.tables ?? []))
    const stocks: Record<string, unknown> = ours.tables?.[8] ?? {}
    const realStocks: Record<string, unknown> = real.tables?.[8] ?? {}
    expect(Object.keys(stocks)).toEqual(Object.keys(realStocks))
    expect(stocks.groups).toEqual(realStocks.groups)
    expect(stocks.notes).toEqual(realStocks.notes)
    const none = await played('twse', '/rwd/zh/afterTrading/MI_INDEX?date=20230101&type=MS&response=json')
    expect(none).toEqual(recorded('node-twstock/twse-market-breadth-no-data.json'))
  })

  it('BWIBBU_d, before its eighth column', async () => {
    const real = recorded('node-twstock/twse-stocks-values.json')
    const ours = await played('twse', '/rwd/zh/afterTrading/BWIBBU_d?date=20230130&selectType=ALL')
    expect(Object.keys(ours)).toEqual(Object.keys(real))
    expect(ours.fields).toEqual(real.fields)
    expect(shapeOf(ours)).toEqual(shapeOf(real))
    expect(await played('twse', '/rwd/zh/afterTrading/BWIBBU_d?date=20230101')).toEqual(
      recorded('node-twstock/twse-stocks-values-no-data.json'),
    )
  })

  it('getStockInfo, of a stock and of the index', async () => {
    for (const [channel, file] of [
      ['tse_2330.tw', 'mis-twse-stocks-quote.json'],
      ['tse_t00.tw', 'mis-twse-indices-quote.json'],
    ]) {
      const real = recorded(`node-twstock/${file}`)
      const ours = await played('twse', `/stock/api/getStockInfo.jsp?ex_ch=${channel}`)
      expect(shapeOf(ours).sort()).toEqual(shapeOf(real).sort())
    }
  })

  it('a daily chart of Yahoo on the evening of the day', async () => {
    nowMs = Date.parse('2026-03-26T20:00:00+08:00')
    const real = recorded('samples/yahoo-2344.TW-range10d-1d.json')
    const ours = await played('yahoo', '/v8/finance/chart/2344.TW?interval=1d&range=10d')
    expect(shapeOf(ours).sort()).toEqual(shapeOf(real).sort())
    // Even the stamps are those of the real sessions.
    const stamps = (body: Record<string, never>) => JSON.stringify(body).match(/"timestamp":\[[^\]]*\]/)?.[0]
    expect(stamps(ours)).toBe(stamps(real))
    nowMs = Date.parse('2025-02-20T16:00:00+08:00')
  })

  it('an empty chart of minutes', async () => {
    // A recorded exchange holds the body beside its head.
    const { response } = recorded(
      'yahoo/chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json',
    ) as { response?: { bodyJson?: unknown } }
    const real = response?.bodyJson
    const ours = await played('yahoo', '/v8/finance/chart/2330.TW?interval=1m&period1=1738368000&period2=1738454400')
    expect(shapeOf(ours).sort()).toEqual(shapeOf(real).sort())
  })
})
