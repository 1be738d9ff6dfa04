import type { FoundHit, SearchHit } from '@barkeep/core'
import { expect, test } from 'vitest'
import { ChangeLog } from './change-log.js'
import { HitMerge } from './hit-merge.js'

const found = (fields: Partial<FoundHit>): FoundHit => ({
  ...{ symbol: '2330', instrument: null, isin: null, title: '', kind: 'stock', exchange: '', ...fields },
})
function merge(query = '2330') {
  const log = new ChangeLog<SearchHit, null>(null, 100)
  const merged = new HitMerge(log, query)
  return {
    log,
    take: (source: string, fields: Partial<FoundHit>) => merged.take(source, found(fields)),
    publish: () => log.publish(null),
    hits: () => Array.from({ length: log.length }, (_, index) => log.at(index)),
  }
}

test('an instrument that several sources find is one record, which has what each of them knows', () => {
  const { take, hits } = merge()
  take('store', { instrument: 'TWSE:2330', title: '台積電', exchange: 'TWSE', kind: 'other' })
  take('yahoo', { symbol: '2330.TW', instrument: 'TWSE:2330', title: 'Taiwan Semiconductor', url: 'https://y' })
  take('twse', { instrument: 'TWSE:2330', title: '台積電', isin: 'TW0002330008' })
  expect(hits()).toEqual([
    {
      ...{ id: 'TWSE:2330', kind: 'stock', title: '台積電', instrument: 'TWSE:2330', isin: 'TW0002330008' },
      ...{ exchange: 'TWSE', names: ['台積電', 'Taiwan Semiconductor'], score: 100, same_as: null },
      symbols: { store: '2330', yahoo: '2330.TW', twse: '2330' },
      ...{ url: { yahoo: 'https://y' }, sources: ['store', 'yahoo', 'twse'] },
    },
  ])
})

test('what a source says twice changes nothing', () => {
  const { take, publish, log } = merge()
  take('store', { instrument: 'TWSE:2330', title: '台積電' })
  publish()
  take('store', { instrument: 'TWSE:2330', title: '台積電' })
  expect(log.isChanged).toBe(false)
})

test('an ISIN joins what has no instrument, and not two listings of one company', () => {
  const { take, hits } = merge()
  take('yahoo', { symbol: 'TSM', instrument: 'NYSE:TSM', isin: 'US8740391003', title: 'TSMC ADR' })
  take('broker', { symbol: 'X1', isin: 'US8740391003', title: 'Taiwan Semi ADR' })
  take('yahoo', { symbol: 'TSM.L', instrument: 'LSE:TSM', isin: 'US8740391003', title: 'TSMC in London' })
  expect(hits().map((hit) => [hit?.id, hit?.sources])).toEqual([
    ['NYSE:TSM', ['yahoo', 'broker']],
    ['LSE:TSM', ['yahoo']],
  ])
})

test('two records that turn out to be one stay where they are, and the lesser points to the other', () => {
  const { take, hits } = merge()
  take('a', { symbol: 'S1', isin: 'TW0002330008' })
  take('b', { symbol: 'S2', instrument: 'TWSE:2330' })
  take('c', { symbol: 'S3', instrument: 'TWSE:2330', isin: 'TW0002330008' })
  expect(hits().map((hit) => [hit?.id, hit?.same_as])).toEqual([
    ['a/S1', 'TWSE:2330'],
    ['TWSE:2330', null],
  ])
})

test('symbols of different sources are different things', () => {
  const { take, hits } = merge()
  take('a', { symbol: 'NEW' })
  take('b', { symbol: 'NEW' })
  take('a', { symbol: 'NEW', title: 'New York' })
  expect(hits().map((hit) => [hit?.id, hit?.title])).toEqual([
    ['a/NEW', 'New York'],
    ['b/NEW', ''],
  ])
})

test('the score says how well the words fit, and rises when a later name fits better', () => {
  const scores = ['new york', 'new york times', 'the new york club', 'old new yorker', 'york, new'].map((title) => {
    const { take, hits } = merge('new york')
    take('a', { symbol: 'S', title })
    return hits()[0]?.score
  })
  expect(scores).toEqual([90, 70, 60, 60, 30])
  const { take, hits } = merge('new york')
  take('a', { symbol: 'S', instrument: 'NYSE:NYT', title: '紐約時報' })
  expect(hits()[0]?.score).toBe(10)
  take('b', { symbol: 'S', instrument: 'NYSE:NYT', title: 'New York Times' })
  take('c', { symbol: 'S', instrument: 'NYSE:NYT', title: 'nothing of it' })
  expect(hits()[0]?.score).toBe(70)
})
