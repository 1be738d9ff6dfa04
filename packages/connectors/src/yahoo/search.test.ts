import type { CrawlRequest } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { yahoo } from './index.js'
import { search } from './search.js'

const run = (body: string | Uint8Array, status = 200) =>
  search(
    { connector: 'yahoo', handler: 'search', params: { query: 'invented' } },
    fakeContext({ now: '2024-03-06T00:00:00Z', answers: [{ body, status }] }),
  )

describe('a search', () => {
  it('names instruments where Barkeep knows the exchange, and refuses what has no symbol', async () => {
    const { data } = await run(fixture(import.meta.url, 'search.json'))
    expect(data).toEqual({
      rows: [
        {
          dataset: 'yahoo_search_results',
          rows: [
            {
              query: 'invented',
              symbol: '1234.TW',
              instrument: 'TWSE:1234',
              name: 'Invented Electronics Co., Ltd.',
              kind: 'EQUITY',
              exchange: 'TAI',
              exchange_name: 'Taiwan',
              score: 20_013,
            },
            expect.objectContaining({ symbol: 'INV-B', instrument: 'NYSE:INV.B', name: 'Invented Class B' }),
            expect.objectContaining({ symbol: 'INV251219C00100000', instrument: null, kind: 'OPTION' }),
          ],
        },
      ],
      covers: [],
      refused: [{ row: expect.stringContaining('Invented Private'), reason: 'a private company has no symbol' }],
    })
  })

  it('that finds nothing is an absence', async () => {
    expect((await run('{"explains":[],"count":0,"quotes":[],"news":[]}')).data).toEqual({
      absence: 'no-data',
      covers: [],
    })
  })

  it.each([
    ['Too Many Requests', 429, 'UPSTREAM_RATE_LIMITED'],
    [
      '{"finance":{"result":null,"error":{"code":"Bad Request","description":"Missing required query parameter=q"}}}',
      400,
      'UPSTREAM_REFUSED',
    ],
    ['{"count":0}', 200, 'UPSTREAM_CHANGED'],
    [Buffer.from('{"quotes":[{"shortname":"\xa5\x78"}]}', 'latin1'), 200, 'UPSTREAM_FAILED'],
  ])('answered by %s has failed', async (body, status, code) => {
    await expect(run(body, status)).rejects.toMatchObject({ code })
  })
})

describe('the plans of yahoo', () => {
  const request: CrawlRequest = { instruments: [], start: '2024-03-01', end: '2024-03-06', options: {}, nowMs: 0 }

  it('ask for each instrument whose exchange Yahoo has, from its listing on', () => {
    const named = ['TWSE:1234', 'SIM:1001', 'NASDAQ:ABCD'].map((instrument) => ({
      instrument,
      exchange: instrument.split(':')[0] ?? '',
      symbol: instrument.split(':')[1] ?? '',
      name: '',
      kind: 'stock' as const,
      isin: null,
      listed: instrument === 'TWSE:1234' ? '2024-03-04' : null,
      delisted: null,
    }))
    const tasks = yahoo.crawls['minute-bars']?.tasks({ ...request, instruments: named }) ?? []
    expect([...tasks].map(({ handler, params }) => [handler, params])).toEqual([
      ['dailyBars', { instrument: 'TWSE:1234', start: '2024-03-04', end: '2024-03-06', finer: '1m' }],
      ['dailyBars', { instrument: 'NASDAQ:ABCD', start: '2024-03-01', end: '2024-03-06', finer: '1m' }],
    ])
  })

  const taiwanese = {
    instrument: 'TWSE:1234',
    exchange: 'TWSE',
    symbol: '1234',
    name: '',
    kind: 'stock' as const,
    isin: null,
    listed: null,
    delisted: null,
  }

  it.each([
    // In Taipei it is the 7th of March already, and 29 days before it the 7th of February.
    ['minute-bars', '2024-02-06', '2024-02-07', 0],
    ['minute-bars', '2024-02-06', '2024-02-08', 1],
    ['hour-bars', '2022-03-08', '2022-03-09', 0],
    ['hour-bars', '2022-03-08', '2022-03-10', 1],
    ['daily-bars', '1999-03-06', '1999-03-07', 1],
  ])('%s from %s to %s are %i tasks, since Yahoo forgets what is finer than days', (plan, start, end, count) => {
    const nowMs = Date.parse('2024-03-06T16:30:00Z')
    const tasks = yahoo.crawls[plan]?.tasks({ ...request, instruments: [taiwanese], start, end, nowMs }) ?? []
    expect([...tasks]).toHaveLength(count)
  })

  it('need a query to search', () => {
    expect(() => [...(yahoo.crawls.search?.tasks(request) ?? [])]).toThrow("needs the option 'q'")
    const tasks = yahoo.crawls.search?.tasks({ ...request, options: { q: 'new york' } }) ?? []
    expect([...tasks]).toEqual([{ connector: 'yahoo', handler: 'search', params: { query: 'new york' } }])
  })
})
