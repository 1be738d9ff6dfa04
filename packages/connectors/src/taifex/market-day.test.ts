import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { futuresDay, optionsDay } from './market-day.js'

const longAfter = '2024-06-01T00:00:00Z'
const futures = fixture(import.meta.url, 'futures.csv')
const options = fixture(import.meta.url, 'options.csv')
const cp950 = (text: string): Uint8Array => iconv.encode(text, 'cp950')
const headerOf = (text: string) => `${text.split('\r\n')[0]}\r\n`

async function runFutures(
  body: string | Uint8Array,
  { now = longAfter, date = '2024-03-06', withOptions = false, status = 200 } = {},
) {
  const context = fakeContext({ now, answers: [{ status, body: typeof body === 'string' ? cp950(body) : body }] })
  const task = { connector: 'taifex', handler: 'futuresDay', params: { date, options: withOptions } }
  return { ...(await futuresDay(task, context)), asked: context.asked }
}

const whole = { scope: 'TAIFEX', of: '1d', start: '2024-03-06', end: '2024-03-07' }

describe('the futures of a date', () => {
  it('are asked for with a form, and their bars are of the day session alone', async () => {
    const { data, asked, nextTasks } = await runFutures(futures)
    expect(asked[0]).toMatchObject({
      url: 'https://www.taifex.com.tw/cht/3/futDataDown',
      method: 'POST',
      body: 'down_type=1&queryStartDate=2024%2F03%2F06&queryEndDate=2024%2F03%2F06&commodity_id=all',
    })
    const told = { ts: '2024-03-06T00:45:00Z', turnover: null, trades: null }
    expect(data).toMatchObject({
      bars: [
        {
          interval: '1d',
          bars: [
            {
              instrument: 'TAIFEX:AAF202403',
              open: 19000,
              high: 19100,
              low: 18950,
              close: 19050,
              volume: 1234,
              ...told,
            },
            { instrument: 'TAIFEX:AAF202403W2', open: 19010, close: 19010, volume: 2, ...told },
          ],
        },
      ],
      instruments: [
        { instrument: 'TAIFEX:AAF202403', kind: 'future', name: 'AAF 202403' },
        { instrument: 'TAIFEX:AAF202403W2', kind: 'future' },
      ],
      covers: [whole],
    })
    expect(nextTasks).toEqual([])
  })

  it('have rows of their night and of spreads, whose prices may be below zero', async () => {
    const { data } = await runFutures(futures)
    const rows = 'rows' in data ? (data.rows?.[0]?.rows ?? []) : []
    expect(rows).toHaveLength(9)
    expect(rows[1]).toEqual({
      date: '2024-03-06',
      instrument: 'TAIFEX:AAF202403',
      session: 'night',
      ...{ open: 18980, high: 19020, low: 18970, close: 19000, change: 0, volume: 321 },
      ...{ settlement: null, open_interest: null, bid: 18999, ask: 19001, highest: 19500, lowest: 17000 },
      halted: false,
      spread_volume: null,
    })
    expect(rows[2]).toMatchObject({ open: null, volume: 0, settlement: 19060, open_interest: 7 })
    expect(rows[3]).toMatchObject({ instrument: 'TAIFEX:AAF202403W2', halted: true })
    expect(rows[4]).toMatchObject({ instrument: 'TAIFEX:AAF202403/202404', open: -2, close: 0, spread_volume: 6 })
  })

  it('refuse rows that contradict themselves, with the reason, and the bar that is missing for them', async () => {
    const { data } = await runFutures(futures)
    const refused = 'refused' in data ? (data.refused ?? []) : []
    expect(refused.map(({ reason, bar }) => [reason, bar?.instrument])).toEqual([
      ['unreadable contract', undefined],
      ['unreadable number', 'TAIFEX:AAF202408'],
      ['contract repeats', undefined],
      ['high is below low', 'TAIFEX:AAF202405'],
      ['volume without a price', undefined],
      ['a price is missing', 'TAIFEX:AAF202407'],
      ['no high and low', undefined],
    ])
  })

  it('are followed by options where these are wanted, whose page then covers the date', async () => {
    const { data, nextTasks } = await runFutures(futures, { withOptions: true })
    expect(data.covers).toEqual([])
    expect(nextTasks).toEqual([{ connector: 'taifex', handler: 'optionsDay', params: { date: '2024-03-06' } }])
    const context = fakeContext({ now: longAfter, answers: [{ body: cp950(options) }] })
    const told = await optionsDay(
      { connector: 'taifex', handler: 'optionsDay', params: { date: '2024-03-06' } },
      context,
    )
    expect(context.asked[0]?.url).toBe('https://www.taifex.com.tw/cht/3/optDataDown')
    expect(told.data).toMatchObject({
      bars: [{ bars: [{ instrument: 'TAIFEX:AAO202403C19000', open: 120, close: 125, volume: 77 }] }],
      instruments: [{ kind: 'option', name: 'AAO 202403 call 19000' }],
      rows: [
        {
          rows: [
            { instrument: 'TAIFEX:AAO202403C19000', session: 'day' },
            { instrument: 'TAIFEX:AAO202403P19000', volume: 0, settlement: 80 },
            { instrument: 'TAIFEX:AAO202403W2P57.5', session: 'night', close: 0.3 },
          ],
        },
      ],
      covers: [whole],
      refused: [{ reason: 'unreadable contract' }],
    })
  })

  it('of a header alone are a holiday, but not on the evening of the date itself', async () => {
    const holiday = await runFutures(headerOf(futures), { withOptions: true })
    expect(holiday.data).toEqual({ absence: 'holiday', covers: [whole] })
    expect(holiday.nextTasks).toEqual([])
    const evening = await runFutures(headerOf(futures), { now: '2024-03-06T12:00:00Z' })
    expect(evening.data).toEqual({ absence: 'not-yet', covers: [] })
  })

  it('are not final in the afternoon, and with their night alone cover nothing', async () => {
    const afternoon = await runFutures(futures, { now: '2024-03-06T07:00:00Z' })
    expect(afternoon.data).toMatchObject({ bars: [{ bars: [{ final: false }, { final: false }] }], covers: [] })
    const night = futures.split('\r\n').filter((line, index) => index === 0 || line.includes('盤後'))
    const { data } = await runFutures(night.join('\r\n'))
    expect(data).toMatchObject({ bars: [{ bars: [] }], rows: [{ rows: [{ session: 'night' }] }], covers: [] })
  })

  it('are read alike when a column has moved or come in, and when lines end without a comma', async () => {
    const { data } = await runFutures(futures)
    const change = (edit: (cells: string[]) => string[]) =>
      futures
        .split('\r\n')
        .map((line, index) =>
          line === '' ? '' : edit(index === 0 ? line.split(',') : line.split(',').slice(0, -1)).join(','),
        )
        .join('\r\n')
    const withoutRows = (told: typeof data) => ({ ...told, refused: [] })
    for (const edit of [
      (cells: string[]) => cells,
      (cells: string[]) => [...cells.slice(0, 2), cells[0] === '交易日期' ? '新增' : '0', ...cells.slice(2)],
      (cells: string[]) => [...cells.slice(0, 1), ...cells.slice(-1), ...cells.slice(1, -1)],
    ]) {
      expect(withoutRows((await runFutures(change(edit))).data)).toEqual(withoutRows(data))
    }
  })

  it.each([
    ['of another date', futures.replaceAll('2024/03/06', '2024/03/07'), 'UPSTREAM_CHANGED', "a row says '2024/03/07'"],
    ['of a session not known', futures.replace('盤後', '盤前'), 'UPSTREAM_CHANGED', "the session '盤前' is not known"],
    ['without a column', futures.replace('結算價', '結算'), 'UPSTREAM_CHANGED', "the column '結算價' is missing"],
    ['with a cell too many', futures.replace('1234,', '1,234,'), 'UPSTREAM_CHANGED', 'row 0 has 21 cells'],
    [
      'that is a box about the date',
      '<script>alert("日期時間錯誤 DateTime error")</script>',
      'UPSTREAM_REFUSED',
      'refuses the date',
    ],
    ['that is a page of maintenance', '<html>系統維護中</html>', 'UPSTREAM_FAILED', 'page of HTML'],
    ['that is empty', '', 'UPSTREAM_FAILED', 'with nothing'],
  ])('%s are not kept', async (_, body, code, message) => {
    const isHtml = body.startsWith('<')
    const bytes = isHtml ? new TextEncoder().encode(body) : cp950(body)
    await expect(runFutures(bytes)).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('in another encoding, or with an error status, are not kept', async () => {
    await expect(runFutures(new TextEncoder().encode(futures))).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
    await expect(runFutures('<h1>403</h1>', { status: 403 })).rejects.toMatchObject({ code: 'UPSTREAM_BANNED' })
  })
})
