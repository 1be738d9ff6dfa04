import type { Instrument } from '@barkeep/core'
import { expect, test } from 'vitest'
import { searchOfList } from './search-hits.js'

const stock = (symbol: string, name: string, isin: string | null = null): Instrument => ({
  ...{ instrument: `TWSE:${symbol}`, exchange: 'TWSE', symbol, name, kind: 'stock', isin },
  ...{ listed: null, delisted: null },
})
const instruments = [stock('2330', '台積電', 'TW0002330008'), stock('2303', '聯電'), stock('1101', '台泥')]

test('the list of each exchange is asked for once a day in Taipei, whatever is searched for', () => {
  const tasksAt = (iso: string) => [...searchOfList.tasks('台積', Date.parse(iso))]
  expect(
    tasksAt('2026-11-20T15:59:00Z').map(({ handler, params }) => [handler, params.exchange, params.asked]),
  ).toEqual([
    ['instruments', 'TWSE', '2026-11-20'],
    ['instruments', 'TPEX', '2026-11-20'],
  ])
  expect(tasksAt('2026-11-20T16:01:00Z')[0]?.params.asked).toBe('2026-11-21')
})

test.each([
  ['台積', ['2330']],
  ['台', ['2330', '1101']],
  ['２３３０', ['2330']],
  ['tw0002330008', ['2330']],
  ['twse:23', ['2330', '2303']],
  ['台 電', ['2330']],
  ['nothing', []],
])('%s finds %j', (query, symbols) => {
  expect(searchOfList.found({ instruments, covers: [] }, query).map(({ symbol }) => symbol)).toEqual(symbols)
})
