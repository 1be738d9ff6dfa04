import { isAbsence } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { dailyBars } from './daily-bars.js'
import { parseStockDay } from './parse-stock-day.js'

const task = { connector: 'twse', handler: 'dailyBars', params: { instrument: 'TWSE:1234', month: '2024-03' } }
const longAfter = '2024-06-01T00:00:00Z'

async function run(body: string, now = longAfter, status = 200) {
  const context = fakeContext({ now, answers: [{ body, status }] })
  const { data, nextTasks } = await dailyBars(task, context)
  return { data, nextTasks, asked: context.asked }
}

describe('a month of one stock', () => {
  it('is asked for with one request, and makes no further task necessary', async () => {
    const { asked, nextTasks } = await run(fixture(import.meta.url, 'stock-day.json'))
    expect(asked.map(({ url }) => url)).toEqual([
      'https://www.twse.com.tw/rwd/zh/afterTrading/STOCK_DAY?date=20240301&stockNo=1234&response=json',
    ])
    expect(nextTasks).toEqual([])
  })

  it('gives bars at the session open, without thousand commas', async () => {
    const { data } = await run(fixture(import.meta.url, 'stock-day.json'))
    expect(data).toMatchObject({
      bars: [
        {
          interval: '1d',
          bars: [
            {
              instrument: 'TWSE:1234',
              ts: '2024-03-01T01:00:00Z',
              open: 20,
              high: 20.3,
              low: 19.95,
              close: 20.1,
              volume: 1_204_500,
              turnover: 24_210_450,
              trades: 812,
            },
            { ts: '2024-03-06T01:00:00Z', open: 1020, high: 1035, low: 1015, close: 1030, volume: 2_000_000 },
          ],
        },
      ],
    })
  })

  it('passes over a day without trade, and refuses rows that contradict themselves with the reason', async () => {
    const { data } = await run(fixture(import.meta.url, 'stock-day.json'))
    if (isAbsence(data)) throw new Error('no page')
    expect(data.refused?.map(({ reason }) => reason)).toEqual([
      'volume without a price',
      'date repeats',
      'high is below low',
    ])
    expect(data.refused?.[0]?.row).toContain('1234 2024-03-05')
  })

  it('covers the whole month once it is over, days without trade included', async () => {
    const { data } = await run(fixture(import.meta.url, 'stock-day.json'))
    expect(data.covers).toEqual([{ scope: 'TWSE:1234', of: '1d', start: '2024-03-01', end: '2024-04-01' }])
  })

  it.each([
    // The row of the 7th is there, but at 14:00 in Taipei its figures still change.
    ['2024-03-07T06:00:00Z', '2024-03-07', true],
    // From 18:00 on they do not.
    ['2024-03-07T10:00:00Z', '2024-03-08', false],
    // The 8th is missing on the evening of that day: perhaps the page is late.
    ['2024-03-08T10:00:00Z', '2024-03-08', false],
    // It is still missing a day later, so nothing was traded.
    ['2024-03-09T10:00:00Z', '2024-03-09', false],
  ])('asked at %s covers the days before %s', async (now, end, lastIsOpen) => {
    const page = JSON.parse(fixture(import.meta.url, 'stock-day.json'))
    page.data[5][4] = '21.00'
    page.data[5][5] = '19.10'
    const body = JSON.stringify(page)
    const { data } = await run(body, now)
    if (isAbsence(data)) throw new Error('no page')
    expect(data.covers).toEqual([{ scope: 'TWSE:1234', of: '1d', start: '2024-03-01', end }])
    expect(data.bars?.[0]?.bars.map(({ final }) => final ?? true)).toEqual([true, true, !lastIsOpen])
  })

  it('has a tenth column since the end of 2025, which changes nothing', () => {
    const rows = parseStockDay(JSON.parse(fixture(import.meta.url, 'stock-day-with-notes.json')), '1234', '2026-01')
    expect(rows).toMatchObject([
      { date: '2026-01-05', close: '20.10' },
      { date: '2026-01-06', trades: '31' },
    ])
  })

  it('is read alike when a column has moved', () => {
    const body = JSON.parse(fixture(import.meta.url, 'stock-day.json'))
    const moved = {
      ...body,
      fields: body.fields.toReversed(),
      data: body.data.map((row: string[]) => row.toReversed()),
    }
    expect(parseStockDay(moved, '1234', '2024-03')).toEqual(parseStockDay(body, '1234', '2024-03'))
  })
})

describe('a 200 that has no rows', () => {
  it.each([
    ['{"stat":"很抱歉，沒有符合條件的資料!","total":0}', 'no-data', '2024-04-01'],
    ['{"stat":"很抱歉，沒有符合條件的資料!","date":"20240301","fields":[],"notes":[]}', 'no-data', '2024-04-01'],
    ['{"stat":"OK","title":"113年03月 1234 虛構電子","fields":["日期"],"data":[]}', 'no-data', '2024-04-01'],
    ['{"stat":"查詢日期小於99年1月4日，請重新查詢!","fields":[]}', 'before-history', '2024-04-01'],
  ])('%s is an absence that covers the month', async (body, absence, end) => {
    const { data } = await run(body)
    expect(data).toEqual({ absence, covers: [{ scope: 'TWSE:1234', of: '1d', start: '2024-03-01', end }] })
  })

  it('about the future covers nothing', async () => {
    const { data } = await run('{"stat":"查詢日期大於今日，請重新查詢!","fields":[],"data":[]}', '2024-02-27T00:00:00Z')
    expect(data).toEqual({ absence: 'not-yet', covers: [] })
  })

  it.each([
    ['the security page', () => fixture(import.meta.url, 'security-page.html'), 200, 'UPSTREAM_BANNED'],
    ['the redirect to it', () => '', 307, 'UPSTREAM_BANNED'],
    ['the 428 after it', () => '', 428, 'UPSTREAM_BANNED'],
    ['a page that asks for a captcha', () => '<html>請輸入驗證碼</html>', 200, 'UPSTREAM_BANNED'],
    ['a page of maintenance', () => '<html>系統維護</html>', 200, 'UPSTREAM_FAILED'],
    ['a body that breaks off', () => '{"stat":"OK","data":[["113/', 200, 'UPSTREAM_FAILED'],
    ['a bad gateway', () => '<html>502</html>', 502, 'UPSTREAM_FAILED'],
    ['a refusal in words not known', () => '{"stat":"參數錯誤"}', 200, 'UPSTREAM_REFUSED'],
    ['JSON of another kind', () => '[]', 200, 'UPSTREAM_CHANGED'],
  ])('%s is a failure and never no data', async (_, body, status, code) => {
    await expect(run(body(), longAfter, status)).rejects.toMatchObject({ code })
  })

  it('bans for an hour', async () => {
    await expect(run(fixture(import.meta.url, 'security-page.html'))).rejects.toMatchObject({
      retry: { afterMs: 3_600_000 },
    })
  })
})

describe('a page that changed', () => {
  const body = () => JSON.parse(fixture(import.meta.url, 'stock-day.json'))

  it.each(['日期', '成交股數', '成交金額', '開盤價', '最高價', '最低價', '收盤價', '成交筆數'])(
    'and lacks the column %s says so',
    (name) => {
      const renamed = { ...body(), fields: body().fields.map((field: string) => (field === name ? '別名' : field)) }
      expect(() => parseStockDay(renamed, '1234', '2024-03')).toThrow(`the column '${name}' is missing`)
    },
  )

  it.each([
    ['another stock', '9876', '2024-03', 'its title is'],
    ['another month', '1234', '2024-02', "a row says '113/03/01'"],
  ])('or speaks of %s is not kept', (_, symbol, month, message) => {
    expect(() => parseStockDay(body(), symbol, month)).toThrow(message)
  })

  it('or has a row with a cell too few is not kept', () => {
    const short = body()
    short.data[2].splice(1, 1)
    expect(() => parseStockDay(short, '1234', '2024-03')).toThrow('row 2 has 8 cells')
  })
})
