import { type CrawlRequest, isAbsence } from '@barkeep/core'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { type FakeAnswer, fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { mops } from './index.js'
import { type MonthlyRevenueParams, monthlyRevenue } from './monthly-revenue.js'
import { parseRevenue } from './parse-revenue.js'

const html = () => fixture(import.meta.url, 'revenue.html')
const nothing = () => fixture(import.meta.url, 'revenue-no-data.html')
const question = { exchange: 'TPEX', month: '2024-02', isForeign: false } as const
const domestic: MonthlyRevenueParams = { exchange: 'TPEX', month: '2024-02', origin: 'domestic' }
const foreign: MonthlyRevenueParams = { ...domestic, origin: 'foreign' }
const inBig5 = (text: string): FakeAnswer => ({ body: iconv.encode(text, 'cp950') })

async function run(params: MonthlyRevenueParams, answer: FakeAnswer, now = '2024-06-01T00:00:00Z') {
  const context = fakeContext({ now, answers: [answer] })
  const result = await monthlyRevenue({ connector: 'mops', handler: 'monthlyRevenue', params }, context)
  return { ...result, asked: context.asked }
}

describe('revenue of a month', () => {
  it('is in tables by industry, in thousands of TWD, without their sums', async () => {
    const { data, asked } = await run(domestic, inBig5(html()))
    expect(asked.map(({ url }) => url)).toEqual(['https://mopsov.twse.com.tw/nas/t21/otc/t21sc03_113_2_0.html'])
    if (isAbsence(data)) throw new Error('no page')
    expect(data.refused).toEqual([])
    expect(data.rows).toMatchObject([
      {
        dataset: 'mops_monthly_revenue',
        rows: [
          {
            month: '2024-02-01',
            instrument: 'TPEX:6234',
            name: '虛構環',
            industry: '半導體業',
            is_foreign: false,
            revenue_thousands: 1_250_000,
            month_before_thousands: 1_000_000,
            year_before_thousands: 1_600_000,
            change_on_month_percent: 25,
            change_on_year_percent: -21.88,
            year_to_date_thousands: 2_250_000,
            year_before_to_date_thousands: 3_000_000,
            change_to_date_percent: -25,
            // Outside of MS950, so an entity on the page.
            note: '新廠堃量產',
          },
          { instrument: 'TPEX:6236', revenue_thousands: 0, change_on_year_percent: null, note: null },
          { instrument: 'TPEX:6239', industry: '建材營造', change_on_month_percent: null },
        ],
      },
    ])
  })

  it('of domestic companies names the page of foreign ones, and only both cover the month', async () => {
    const first = await run(domestic, inBig5(html()))
    expect(first.data.covers).toEqual([])
    expect(first.nextTasks).toEqual([{ connector: 'mops', handler: 'monthlyRevenue', params: foreign }])
    const second = await run(foreign, inBig5(html()))
    expect(second.asked[0]?.url).toContain('t21sc03_113_2_1.html')
    expect(second.nextTasks).toEqual([])
    expect(second.data.covers).toEqual([
      { scope: 'TPEX', of: 'mops_monthly_revenue', start: '2024-02-01', end: '2024-03-01' },
    ])
    if (isAbsence(second.data)) throw new Error('no page')
    expect(second.data.rows?.[0]?.rows.map((row) => row.is_foreign)).toEqual([true, true, true])
  })

  it('is not complete before the middle of the next month', async () => {
    const early = await run(foreign, inBig5(html()), '2024-03-15T15:59:59Z')
    expect(early.data.covers).toEqual([])
    if (isAbsence(early.data)) throw new Error('no page')
    expect(early.data.rows?.[0]?.rows).toHaveLength(3)
    expect((await run(foreign, inBig5(html()), '2024-03-15T16:00:00Z')).data.covers).toHaveLength(1)
  })

  it('that nobody reported is an absence, and not yet one before the middle of the next month', async () => {
    expect((await run(foreign, inBig5(nothing()))).data).toMatchObject({
      absence: 'no-data',
      covers: [{ of: 'mops_monthly_revenue' }],
    })
    expect((await run(foreign, inBig5(nothing()), '2024-03-02T00:00:00Z')).data).toEqual({
      absence: 'not-yet',
      covers: [],
    })
    // There may be foreign companies all the same.
    expect((await run(domestic, inBig5(nothing()))).nextTasks).toHaveLength(1)
  })

  it.each([
    [
      'another exchange',
      { ...question, exchange: 'TWSE' },
      "asked for TWSE in 2024-02, but its title is '上櫃公司113年2月份'",
    ],
    ['another month', { ...question, month: '2024-12' }, 'asked for TPEX in 2024-12'],
  ] as const)('of %s is not kept', async (_, asked, message) => {
    await expect(parseRevenue(html(), asked)).rejects.toThrow(message)
    await expect(parseRevenue(nothing(), asked)).rejects.toThrow(message)
  })

  it.each([
    ['another unit', (text: string) => text.replace('單位：千元', '單位：百萬元'), 'not told in thousands'],
    [
      'another name of a column',
      (text: string) => text.replaceAll('當月營收', '本月營收'),
      "the column '當月營收' is missing",
    ],
    [
      'a column without a header',
      (text: string) => text.replaceAll('<td nowrap>', '<td></td><td nowrap>'),
      'cells, but',
    ],
    [
      'cells that moved',
      (text: string) => text.replaceAll(/(<td align=left>)(虛構.)/g, '$1$2</td><td>-'),
      'cells, but',
    ],
    [
      'figures that are none',
      (text: string) => text.replaceAll(/(<td nowrap>\s*)\d/g, '$1x'),
      'no row that can be read',
    ],
    ['no company', (text: string) => text.replaceAll(/<tr align=right><td.*<\/tr>/g, ''), 'has no company'],
  ])('with %s has changed', async (_, change, message) => {
    await expect(parseRevenue(change(html()), question)).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining(message),
    })
  })

  it('refuses rows that cannot be read, and a company that repeats', async () => {
    const row = /<tr align=right><td align=center>6236.*<\/tr>/.exec(html())?.[0] ?? ''
    const text = html()
      .replace(row, row + row)
      .replace('139,310', '1,39,310')
      .replace('>6234<', '>62 34<')
    const told = await parseRevenue(text, question)
    expect(told).toMatchObject({
      rows: [{ instrument: 'TPEX:6236' }],
      refused: [{ reason: 'unreadable code' }, { reason: 'code repeats' }, { reason: 'unreadable number' }],
    })
  })

  it.each<[string, FakeAnswer, string]>([
    ['in UTF-8', { body: html() }, 'UPSTREAM_FAILED'],
    ['that breaks off', inBig5(html().slice(0, -40)), 'UPSTREAM_FAILED'],
    ['of maintenance', inBig5('<html><body>系統維護中，請稍後再試</body></html>'), 'UPSTREAM_FAILED'],
    ['without a body', { body: '' }, 'UPSTREAM_FAILED'],
    ['of the wall', inBig5('<html><h2>因為安全性考量，您所執行的頁面無法呈現。</h2></html>'), 'UPSTREAM_BANNED'],
    ['behind a redirection', { status: 307, body: '' }, 'UPSTREAM_BANNED'],
    ['that is not there', { status: 404, body: 'Not Found' }, 'UPSTREAM_REFUSED'],
  ])('from a page %s has failed, and is never no data', async (_, answer, code) => {
    await expect(run(domestic, answer)).rejects.toMatchObject({ code })
  })
})

describe('the plan of mops', () => {
  const paramsOf = (request: Partial<CrawlRequest>) => {
    const whole = { instruments: [], start: '2024-01-01', end: '2024-12-31', options: {}, ...request }
    const tasks = mops.crawls['monthly-revenue']?.tasks({ nowMs: Date.parse('2024-03-06T10:00:00Z'), ...whole }) ?? []
    return [...tasks].map(({ params }) => params)
  }

  it('asks for months that are over, of both exchanges', () => {
    expect(paramsOf({})).toEqual([
      { exchange: 'TWSE', month: '2024-01', origin: 'domestic' },
      { exchange: 'TPEX', month: '2024-01', origin: 'domestic' },
      { exchange: 'TWSE', month: '2024-02', origin: 'domestic' },
      { exchange: 'TPEX', month: '2024-02', origin: 'domestic' },
    ])
  })

  it('begins with consolidated revenue', () => {
    expect(paramsOf({ start: '2000-01-01', end: '2013-02-01' })).toMatchObject([
      { month: '2013-01' },
      { month: '2013-01' },
    ])
  })
})
