import { expect, test } from 'vitest'
import type { Store } from '../store.js'
import { ToldSources } from './told-sources.js'

/** A store that was told bars from 100 to 200 by these. */
const storeOf = (...sources: string[]) => {
  const rows = sources.map((source) => ({ source, firstSeconds: 100, lastSeconds: 200 }))
  return { rows: async () => rows } as unknown as Store // nothing else is asked of it
}
const minutes = (firstSeconds: number, lastSeconds: number) => ({ interval: '1m' as const, firstSeconds, lastSeconds })

test('what was kept before may be of any time that the table has', async () => {
  const sources = new ToldSources(storeOf('twse', 'live'))
  expect(await sources.hasOthers('1m', 'live')).toBe(true)
  expect(await sources.hasOthersIn(minutes(150, 150), 'live')).toBe(true)
  expect(await sources.hasOthersIn(minutes(200, 260), 'live')).toBe(true)
  expect(await sources.hasOthersIn(minutes(201, 260), 'live')).toBe(false)
})

test('what one adds is in the way of others, not of itself', async () => {
  const sources = new ToldSources(storeOf('twse'))
  await sources.add('live', minutes(300, 300))
  await sources.add('live', minutes(400, 400))
  expect(await sources.hasOthersIn(minutes(400, 400), 'live')).toBe(false)
  expect(await sources.hasOthersIn(minutes(400, 500), 'twse')).toBe(true)
  expect(await sources.hasOthersIn(minutes(401, 500), 'twse')).toBe(false)
})

test('where one source tells all there are no others', async () => {
  const sources = new ToldSources(storeOf('twse'))
  expect(await sources.hasOthers('1m', 'twse')).toBe(false)
  expect(await sources.hasOthersIn(minutes(0, 1_000), 'twse')).toBe(false)
})
