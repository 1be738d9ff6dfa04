import type { CrawlRequest } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { yahoo } from './index.js'
import { search } from './search.js'

const run = (body: string, status = 200) =>
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

  it('need a query to search', () => {
    expect(() => [...(yahoo.crawls.search?.tasks(request) ?? [])]).toThrow("needs the option 'q'")
    const tasks = yahoo.crawls.search?.tasks({ ...request, options: { q: 'new york' } }) ?? []
    expect([...tasks]).toEqual([{ connector: 'yahoo', handler: 'search', params: { query: 'new york' } }])
  })
})
