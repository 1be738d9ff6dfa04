import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../start-emulator.js'

let emulator: Emulator
beforeAll(async () => {
  const now = () => Date.parse('2020-06-15T12:00:00Z')
  emulator = await startEmulator({ now, stocks: 15, limits: { worldtradingdata: [] } })
})
afterAll(() => emulator.close())

async function get(path: string): Promise<Response> {
  return fetch(`${emulator.url('worldtradingdata')}/api/v1/${path}`)
}
interface Found {
  readonly message?: string
  readonly total_returned: number
  readonly total_results: number
  readonly total_pages: number
  readonly limit: number
  readonly page: number
  readonly data: Record<string, string | null>[]
}
// The shape is what these tests are about.
const search = async (query: string) => (await (await get(`stock_search?${query}`)).json()) as Found

describe('World Trading Data', () => {
  it('pages its search so that the pages hold each result once', async () => {
    const first = await search('search_term=inc&search_by=symbol,name&limit=50&page=1&api_token=k')
    expect(first).toMatchObject({
      total_returned: 50,
      limit: 50,
      page: 1,
      total_pages: Math.ceil(first.total_results / 50),
    })
    const symbols: unknown[] = []
    for (let page = 1; page <= first.total_pages; page++) {
      const { data } = await search(`search_term=inc&limit=50&page=${page}&api_token=k`)
      symbols.push(...data.map(({ symbol, stock_exchange_short }) => `${stock_exchange_short} ${symbol}`))
    }
    expect(symbols).toHaveLength(first.total_results)
    expect((await search('search_term=inc&limit=50&page=99&api_token=k')).data).toEqual([])
  })

  it('finds by symbol and by name, within an exchange, and shows its message to the demonstration alone', async () => {
    const found = await search('search_term=snap&search_by=symbol,name&api_token=demo')
    expect(found.message).toContain('demonstration purposes only')
    expect(found.data[0]).toEqual({
      symbol: 'SNAP',
      name: 'Snap Inc.',
      currency: 'USD',
      price: emulator.worldTruth.days('SNAP', '2020-06-01', '2020-06-16').at(-1)?.close.toFixed(2),
      stock_exchange_long: 'New York Stock Exchange',
      stock_exchange_short: 'NYSE',
    })
    const bySymbol = await search('search_term=snap&search_by=symbol&stock_exchange=NYSE&api_token=k')
    expect(bySymbol).not.toHaveProperty('message')
    expect(bySymbol.data.map(({ symbol }) => symbol)).toEqual(['SNAP'])
  })

  it('leaves unknown symbols out of quotes without a word, and writes every value as text', async () => {
    // The shape is what these tests are about.
    const quotes = (await (await get('stock?symbol=SNAP,NOPE,MSFT&api_token=k')).json()) as Found & {
      symbols_requested: number
    }
    expect(quotes).toMatchObject({ symbols_requested: 3, symbols_returned: 2 })
    expect(Object.values(quotes.data[0] ?? {}).every((value) => typeof value === 'string')).toBe(true)
  })

  it('tells history by date as the truth has it, newest first', async () => {
    const response = await get('history?symbol=SNAP&sort=newest&date_from=2019-02-25&date_to=2019-02-28&api_token=k')
    // The shape is what these tests are about.
    const { name, history } = (await response.json()) as {
      name: string
      history: Record<string, Record<string, string>>
    }
    expect(name).toBe('SNAP')
    const days = emulator.worldTruth.days('SNAP', '2019-02-25', '2019-03-01').reverse()
    expect(Object.entries(history)).toEqual(
      days.map(({ date, open, close, high, low, volumeShares }) => [
        date,
        {
          open: open.toFixed(2),
          close: close.toFixed(2),
          high: high.toFixed(2),
          low: low.toFixed(2),
          volume: String(volumeShares),
        },
      ]),
    )
    expect(Object.keys(history)[0]).toBe('2019-02-28')
  })

  it('answers nobody without a token', async () => {
    const response = await get('stock_search?search_term=snap')
    expect([response.status, await response.json()]).toEqual([401, { Message: 'Invalid API Key.' }])
  })
})
