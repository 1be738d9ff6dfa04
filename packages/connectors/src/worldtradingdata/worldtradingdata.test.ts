import { isAbsence, type Task } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { type FakeAnswer, fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { history } from './history.js'
import { worldtradingdata } from './index.js'
import { pagesMax, stockSearch } from './stock-search.js'

const token = 'secret-token'
const context = (answers: readonly FakeAnswer[], now = '2019-04-01T00:00:00Z') =>
  fakeContext({ now, answers, credentials: { token } })

describe('a search for new york', () => {
  const pages = [1, 2].map((page) => ({ body: fixture(import.meta.url, `stock-search-page-${page}.json`) }))

  it('follows its next tasks to the last page, one request a task', async () => {
    const request = { instruments: [], start: '', end: '', options: { search_term: 'new york' }, nowMs: 0 }
    const tasks: Task[] = [...(worldtradingdata.crawls['stock-search']?.tasks(request) ?? [])]
    const fake = context(pages)
    const symbols: unknown[] = []
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const handler = worldtradingdata.handlers[task.handler]
      if (handler === undefined) throw new Error(task.handler)
      const { data, nextTasks } = await handler(task, fake)
      if (!isAbsence(data)) symbols.push(...(data.rows?.[0]?.rows.map(({ symbol }) => symbol) ?? []))
      tasks.push(...nextTasks)
    }
    expect(symbols).toEqual(['INVN', 'INV.XX', 'INVT'])
    expect(fake.asked.map(({ url }) => new URL(url).searchParams.get('page'))).toEqual(['1', '2'])
    expect(fake.asked[0]?.url).toContain('search_term=new+york')
  })

  it('names instruments of exchanges that Barkeep knows, and has null for a price that is not told', async () => {
    const task = { connector: 'worldtradingdata', handler: 'stockSearch', params: { search_term: 'new york', page: 1 } }
    const { data } = await stockSearch(task, context(pages))
    expect(data).toMatchObject({
      rows: [
        {
          dataset: 'worldtradingdata_stocks',
          rows: [
            { symbol: 'INVN', exchange: 'NYSE', instrument: 'NYSE:INVN', price: 13.85 },
            { symbol: 'INV.XX', exchange: 'XX', instrument: null, price: null, currency: 'EUR' },
          ],
        },
      ],
      covers: [],
    })
  })

  const run = (body: string, page = 1, status = 200) => {
    const task = { connector: 'worldtradingdata', handler: 'stockSearch', params: { search_term: 'x', page } }
    return stockSearch(task, context([{ body, status }]))
  }
  const empty = { total_returned: 0, total_results: 0, total_pages: 0, limit: 50, page: 1, data: [] }

  it('that finds nothing is an absence', async () => {
    const { data, nextTasks } = await run(JSON.stringify(empty))
    expect(data).toEqual({ absence: 'no-data', covers: [] })
    expect(nextTasks).toEqual([])
  })

  it('ends at the limit of pages', async () => {
    const body = JSON.stringify({ ...empty, total_pages: 9_999, page: pagesMax })
    expect((await run(body, pagesMax)).nextTasks).toEqual([])
    const before = JSON.stringify({ ...empty, total_pages: 9_999, page: pagesMax - 1 })
    expect((await run(before, pagesMax - 1)).nextTasks).toHaveLength(1)
  })

  it.each([
    ['page', { ...empty, page: 2 }, 'asked for page 1, but answers page 2'],
    ['total_pages', { ...empty, total_pages: undefined }, "'total_pages'"],
    ['data', { ...empty, data: {} }, "'data' of stock_search is not a list"],
    ['symbol', { ...empty, data: [{ name: 'A' }] }, "'symbol' is missing in row 0"],
  ])('whose %s is not as it was has changed', async (_, body, message) => {
    await expect(run(JSON.stringify(body))).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining(message),
    })
  })
})

describe('a body that is a message and no data', () => {
  const run = (body: string, status = 200) =>
    history(
      { connector: 'worldtradingdata', handler: 'history', params: { instrument: 'NYSE:INVN', start: '', end: '' } },
      context([{ body, status }]),
    )

  it.each([
    [200, '{"Message":"You have reached your request limit for the day."}', 'UPSTREAM_RATE_LIMITED'],
    [429, 'Too many requests', 'UPSTREAM_RATE_LIMITED'],
    [401, '{"Message":"Invalid API token."}', 'UPSTREAM_UNAUTHORIZED'],
    [200, '{"Message":"Error! The requested stock could not be found."}', 'UPSTREAM_REFUSED'],
    [200, '<html>gone</html>', 'UPSTREAM_FAILED'],
    [503, '', 'UPSTREAM_FAILED'],
  ])('(%d %s) is a failure', async (status, body, code) => {
    await expect(run(body, status)).rejects.toMatchObject({ code })
  })

  it('never takes the token into an error', async () => {
    const error: unknown = await run(`{"Message":"The API token ${token} is not valid."}`).catch((reason) => reason)
    expect(String(error)).toContain('[token]')
    expect(String(error)).not.toContain(token)
  })
})

describe('a history', () => {
  const run = (now: string, end = '2019-03-02') => {
    const fake = context([{ body: fixture(import.meta.url, 'history.json') }], now)
    const params = { instrument: 'NYSE:INVN', start: '2019-02-27', end }
    return { fake, result: history({ connector: 'worldtradingdata', handler: 'history', params }, fake) }
  }

  it('gives the bars of the dates that were asked for, ascending, and refuses what cannot be', async () => {
    const { data } = await run('2019-04-01T00:00:00Z').result
    expect(data).toMatchObject({
      bars: [
        {
          interval: '1d',
          bars: [
            {
              ts: '2019-02-28T14:30:00Z',
              open: 9.4,
              high: 9.55,
              low: 9.31,
              close: 9.5,
              volume: 980_100,
              turnover: null,
            },
            { ts: '2019-03-01T14:30:00Z', close: 9.62 },
          ],
        },
      ],
      covers: [{ scope: 'NYSE:INVN', of: '1d', start: '2019-02-27', end: '2019-03-02' }],
      refused: [
        {
          row: '2019-02-27 9.40 9.45 9.31 9.50 980100',
          reason: 'close is outside low and high',
          bar: { instrument: 'NYSE:INVN', interval: '1d', date: '2019-02-27' },
        },
      ],
    })
  })

  it('leaves out the day on which it is asked', async () => {
    const { data } = await run('2019-03-01T20:00:00Z').result
    expect(data).toMatchObject({
      bars: [{ bars: [{ ts: '2019-02-28T14:30:00Z' }] }],
      covers: [{ start: '2019-02-27', end: '2019-03-01' }],
    })
  })

  it('keeps the token out of the URL', async () => {
    const { fake, result } = run('2019-04-01T00:00:00Z')
    await result
    expect(fake.asked[0]?.url).not.toContain(token)
    expect(fake.asked[0]?.secretParams).toEqual({ api_token: token })
  })
})
