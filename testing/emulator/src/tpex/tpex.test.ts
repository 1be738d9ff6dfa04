import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordedFolderOrSkip } from '../recorded/recorded-folder.js'
import { type Emulator, startEmulator } from '../start-emulator.js'

const folder = recordedFolderOrSkip()
let nowMs = Date.parse('2026-11-20T16:00:00+08:00')
let emulator: Emulator

beforeAll(async () => {
  emulator = await startEmulator({ now: () => nowMs, stocks: 20, limits: { tpex: [], twse: [] } })
})
afterAll(() => emulator.close())

interface Table {
  readonly fields: string[]
  readonly data: (string | number)[][]
  readonly totalCount: number
}
interface Report {
  readonly stat: string
  readonly date: string
  readonly tables: Table[]
}

const afterTrading = '/www/zh-tw/afterTrading'
async function report(question: string): Promise<Report> {
  // The shape is what these tests are about.
  return (await (await fetch(`${emulator.url('tpex')}${afterTrading}/${question}`)).json()) as Report
}
const numberOf = (cell: string | number | undefined) => Number(String(cell).replaceAll(',', ''))
const recorded = (file: string) => JSON.parse(readFileSync(join(folder ?? '', file), 'utf8')) as Report

/** Names of keys at every depth, with the kind of each value; of a list only its first element. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [`${path}[]`] : shapeOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`]
  return Object.entries(value).flatMap(([key, inner]) => shapeOf(inner, `${path}.${key}`))
}

describe('dailyQuotes', () => {
  it('tells every security of the day as the truth has it, the close first, those under supervision apart', async () => {
    const { stat, tables } = await report('dailyQuotes?date=2024/03/06')
    expect([stat, tables.map(({ totalCount, data }) => totalCount === data.length)]).toEqual(['ok', [true, true]])
    const rows = tables.flatMap(({ data }) => data)
    const days = emulator.tpexTruth.listings().flatMap(({ symbol }) => {
      const day = emulator.tpexTruth.day(symbol, '2024-03-06')
      return day === undefined ? [] : [day]
    })
    expect(days.length).toBeGreaterThan(30)
    const told = rows.map((row) => [row[0], ...[2, 4, 5, 6].map((at) => String(row[at]).trim()), numberOf(row[8])])
    const text = (price: number | null) =>
      price === null ? '---' : price.toLocaleString('en', { minimumFractionDigits: 2 })
    const expected = days.map(({ symbol, open, high, low, close, volumeShares }) => [
      symbol,
      ...[close, open, high, low].map(text),
      volumeShares,
    ])
    expect(told.sort()).toEqual(expected.sort())
    expect(tables[1]?.data.map(([code]) => code)).toEqual(['4419'])
  })

  it('says ok on a day without a session, and has nothing', async () => {
    const { stat, date, tables } = await report('dailyQuotes?date=2024/02/28')
    expect({ stat, date }).toEqual({ stat: 'ok', date: '20240228' })
    expect(tables.map(({ totalCount, data }) => [totalCount, data])).toEqual([
      [0, []],
      [0, []],
    ])
  })

  it.skipIf(folder === undefined)('has the shape of the recorded page, with and without rows', async () => {
    const real = recorded('node-twstock/tpex-stocks-historical.json')
    const ours = await report('dailyQuotes?date=2023/01/30&response=json')
    expect(ours.tables.map(({ fields }) => fields)).toEqual(real.tables.map(({ fields }) => fields))
    const [main, supervised] = [ours, real].map(({ tables }) => tables.map((table) => shapeOf(table)))
    expect(main?.[0]).toEqual(supervised?.[0])
    const none = await report('dailyQuotes?date=2023/01/01&response=json')
    expect(none).toEqual(recorded('node-twstock/tpex-stocks-historical-no-data.json'))
  })
})

describe('tradingStock', () => {
  it('counts thousands, and marks the first day of a listing', async () => {
    const { symbol, listed } = emulator.tpexTruth.listings().find((one) => one.listed > '2010') ?? expect.fail()
    const { tables } = await report(`tradingStock?code=${symbol}&date=${listed.replaceAll('-', '/')}`)
    const [day] = emulator.tpexTruth.days(symbol, listed, '2026-11-01')
    const [row = []] = tables[0]?.data ?? []
    expect(row[0]).toMatch(/^\d{2,3}\/\d{2}\/\d{2}＊$/)
    expect(numberOf(row[1])).toBe(Math.round((day?.volumeShares ?? 0) / 1_000))
    expect(numberOf(row[2])).toBe(Math.round((day?.turnover ?? 0) / 1_000))
  })

  it('has no table for a code that is not there', async () => {
    expect((await report('tradingStock?code=0000&date=2024/03/01')).tables).toEqual([])
  })

  it.skipIf(folder === undefined)('has the shape of the recorded page', async () => {
    const real = recorded('samples/tpex-tradingStock-2926-202505.json')
    const ours = await report('tradingStock?code=2926&date=2025/05/01&response=json')
    expect(Object.keys(ours)).toEqual(Object.keys(real))
    expect(ours.tables[0]?.fields).toEqual(real.tables[0]?.fields)
    expect(shapeOf(ours)).toEqual(shapeOf(real))
  })
})

describe('peQryDate', () => {
  it('writes N/A for the P/E of a loss', async () => {
    const { tables } = await report('peQryDate?date=2024/03/06')
    expect(tables[0]?.data.map((row) => row[2])).toContain('N/A')
  })

  it.skipIf(folder === undefined)('has the shape of the recorded page', async () => {
    const real = recorded('node-twstock/tpex-stocks-values.json')
    const ours = await report('peQryDate?date=2023/01/30&response=json')
    expect(Object.keys(ours)).toEqual(Object.keys(real))
    expect(ours.tables[0]?.fields).toEqual(real.tables[0]?.fields)
    expect(shapeOf(ours)).toEqual(shapeOf(real))
  })
})

it('the list of its securities is that of mode 4, in MS950', async () => {
  const answer = await fetch(`${emulator.url('tpex')}/isin/C_public.jsp?strMode=4`)
  const page = iconv.decode(Buffer.from(await answer.arrayBuffer()), 'cp950')
  expect(page).toContain('6488\u3000環球晶')
  expect(page).toContain('上櫃認購(售)權證')
  expect(page).not.toContain('2330\u3000')
})

it('a caller who asks too often gets no answer, and the list counts at TWSE', async () => {
  let atMs = 0
  const strict = await startEmulator({ now: () => nowMs, arrivalClock: () => atMs, stocks: 20 })
  const ask = (upstream: 'twse' | 'tpex' | 'mops', path: string) =>
    fetch(strict.url(upstream) + path, { redirect: 'manual' })
  const page = `${afterTrading}/peQryDate?date=2024/03/06`
  for (let request = 0; request < 3; request++) expect((await ask('tpex', page)).status).toBe(200)
  await expect(ask('tpex', page)).rejects.toThrow()
  // The wall of TWSE counts its own pages, that of MOPS and the list, and nothing else.
  expect((await ask('twse', '/v1/company/suspendListingCsvAndHtml')).status).toBe(200)
  expect((await ask('mops', '/nas/t21/sii/t21sc03_113_1_0.html')).status).toBe(200)
  expect((await ask('tpex', '/isin/C_public.jsp?strMode=4')).status).toBe(200)
  expect((await ask('mops', '/nas/t21/sii/t21sc03_113_1_1.html')).status).toBe(307)
  expect(strict.violations('mops')).toHaveLength(1)
  atMs += 3_600_001
  expect((await ask('tpex', page)).status).toBe(200)
  await strict.close()
})

it('the pages of today are there in the afternoon', async () => {
  nowMs = Date.parse('2026-11-20T14:00:00+08:00')
  expect((await report('dailyQuotes?date=2026/11/20')).tables[0]?.totalCount).toBe(0)
  nowMs = Date.parse('2026-11-20T16:00:00+08:00')
  expect((await report('dailyQuotes?date=2026/11/20')).tables[0]?.totalCount).toBeGreaterThan(30)
})

it.skipIf(folder === undefined)('recorded pages are served for the questions that they answer', async () => {
  const playing = await startEmulator({ now: () => nowMs, stocks: 20, limits: { tpex: [] }, recorded: folder ?? '' })
  expect(playing.recordedQuestions('tpex')).toHaveLength(5)
  for (const question of playing.recordedQuestions('tpex')) {
    const answer = await fetch(`${playing.url('tpex')}${question}&response=json`)
    expect([question, answer.headers.get('x-emulator')]).toEqual([question, 'recorded'])
    expect(await answer.json()).toMatchObject({ stat: 'ok' })
  }
  await playing.close()
})
