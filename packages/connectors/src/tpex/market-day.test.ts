import { isAbsence } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FakeAnswer, fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { marketDay } from './market-day.js'
import { parseDailyQuotes } from './parse-daily-quotes.js'

const longAfter = '2024-06-01T00:00:00Z'
const quotes = () => JSON.parse(fixture(import.meta.url, 'daily-quotes.json'))
const date = '2024-03-06'

async function run(answer: FakeAnswer, day = date, now = longAfter, warrants = false) {
  const context = fakeContext({ now, answers: [answer] })
  const task = { connector: 'tpex', handler: 'marketDay', params: { date: day, warrants } }
  return { ...(await marketDay(task, context)), asked: context.asked }
}

describe('a day of TPEx', () => {
  it('has the close before the open, words for a change, and stocks under supervision in a second table', async () => {
    const { data, asked, nextTasks } = await run({ body: JSON.stringify(quotes()) })
    expect(asked.map(({ url }) => url)).toEqual([
      'https://www.tpex.org.tw/www/zh-tw/afterTrading/dailyQuotes?date=2024/03/06&response=json',
    ])
    expect(nextTasks).toEqual([])
    const ts = '2024-03-06T01:00:00Z'
    expect(data).toMatchObject({
      bars: [
        {
          interval: '1d',
          bars: [
            { instrument: 'TPEX:00999B', open: 33.55, close: 33.5, volume: 1_200_500 },
            {
              instrument: 'TPEX:6234',
              ts,
              open: 1_505,
              high: 1_530,
              low: 1_505,
              close: 1_530,
              volume: 2_000_321,
              turnover: 3_040_147_859,
              trades: 1_960,
            },
            { instrument: 'TPEX:6236', close: 20.1 },
            { instrument: 'TPEX:6238', ts, open: 3, high: 3.1, low: 3, close: 3.05, volume: 7_000 },
          ],
        },
      ],
      covers: [{ scope: 'TPEX', of: '1d', start: date, end: '2024-03-07' }],
      refused: [{ row: '6235 2024-03-06 --- --- --- --- 12 605 10', reason: 'volume without a price' }],
    })
  })

  it('keeps its warrants when they are wanted', async () => {
    const { data } = await run({ body: JSON.stringify(quotes()) }, date, longAfter, true)
    if (isAbsence(data)) throw new Error('no page')
    expect(data.bars?.[0]?.bars.map(({ instrument }) => instrument)).toContain('TPEX:700009')
  })

  it('that says ok with empty tables, or with none, is a holiday', async () => {
    for (const body of [
      fixture(import.meta.url, 'daily-quotes-holiday.json'),
      '{"date":"20240228","tables":[],"stat":"ok"}',
      '{"date":"20240228","stat":"查無資料，請重新輸入日期查詢。"}',
    ]) {
      const { data } = await run({ body }, '2024-02-28')
      expect(data).toEqual({
        absence: 'holiday',
        covers: [{ scope: 'TPEX', of: '1d', start: '2024-02-28', end: '2024-02-29' }],
      })
    }
  })

  it('that has no page yet on its own evening is not taken for a holiday', async () => {
    const body = fixture(import.meta.url, 'daily-quotes-holiday.json')
    const { data } = await run({ body }, '2024-02-28', '2024-02-28T12:00:00Z')
    expect(data).toEqual({ absence: 'not-yet', covers: [] })
  })

  it('in the afternoon has bars that may still change, and covers nothing', async () => {
    const { data } = await run({ body: JSON.stringify(quotes()) }, date, '2024-03-06T08:00:00Z')
    if (isAbsence(data)) throw new Error('no page')
    expect(data.bars?.[0]?.bars.map(({ final }) => final)).toEqual([false, false, false, false])
    expect(data.covers).toEqual([])
  })

  it('is read alike when columns come in or move', () => {
    const told = parseDailyQuotes(quotes(), date)
    const width: number = quotes().tables[0].fields.length
    const places = Array.from({ length: width + 1 }, (_, place) => place)
    fc.assert(
      fc.property(fc.shuffledSubarray(places, { minLength: width + 1 }), (order) => {
        const body = quotes()
        for (const table of body.tables) {
          const moved = (row: readonly string[], added: string) => order.map((place) => row[place] ?? added)
          table.data = table.data.map((row: string[]) => moved(row, '0'))
          table.fields = moved(table.fields, '新增欄位')
        }
        expect(parseDailyQuotes(body, date)).toEqual(told)
      }),
    )
  })

  it('that answers for another date is not kept', () => {
    expect(() => parseDailyQuotes(quotes(), '2024-03-07')).toThrow("asked for 2024-03-07, but answers '20240306'")
  })

  it('without its table is not taken for a holiday', () => {
    const body = { ...quotes(), tables: [{ title: '', fields: ['類股名稱'], data: [['光電業']] }] }
    expect(() => parseDailyQuotes(body, date)).toThrow('no table with the columns 代號 and 收盤')
  })

  it('whose volume is told in thousands is not kept', () => {
    const body = quotes()
    for (const table of body.tables) table.fields[8] = '成交仟股'
    expect(() => parseDailyQuotes(body, date)).toThrow("the column '成交股數' is missing")
  })

  it('with fewer rows than it tells of has failed', async () => {
    const body = quotes()
    body.tables[0].data.pop()
    await expect(run({ body: JSON.stringify(body) })).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
  })

  it.each<[string, FakeAnswer, string]>([
    ['a page for people', { body: '<!DOCTYPE html><html><body>系統維護中</body></html>' }, 'UPSTREAM_FAILED'],
    ['a body that breaks off', { body: '{"date":"20240306","tables":[{"title' }, 'UPSTREAM_FAILED'],
    ['a wall', { status: 403, body: 'Forbidden' }, 'UPSTREAM_BANNED'],
    ['a refusal to go on', { status: 429, body: '' }, 'UPSTREAM_RATE_LIMITED'],
    ['a redirection', { status: 302, body: '' }, 'UPSTREAM_REFUSED'],
    ['another word', { body: '{"stat":"參數錯誤"}' }, 'UPSTREAM_REFUSED'],
    ['no word', { body: '{"tables":[]}' }, 'UPSTREAM_CHANGED'],
    ['a list', { body: '[]' }, 'UPSTREAM_CHANGED'],
  ])('answered by %s has failed, and is never a day without data', async (_, answer, code) => {
    await expect(run(answer)).rejects.toMatchObject({ code })
  })
})
