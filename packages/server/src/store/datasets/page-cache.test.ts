import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PageCache } from './page-cache.js'

test('what was not used for longest goes first', () => {
  const cache = new PageCache<{ bytes: number }>(10)
  cache.set('a', { bytes: 4 })
  cache.set('b', { bytes: 4 })
  cache.get('a')
  cache.set('c', { bytes: 4 })
  expect([cache.get('a')?.bytes, cache.get('b'), cache.get('c')?.bytes]).toEqual([4, undefined, 4])
})

test('the bytes never exceed what is allowed, and are those of what is there', () => {
  const use = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), bytes: fc.integer({ min: 0, max: 120 }) })
  fc.assert(
    fc.property(fc.array(use), (uses) => {
      const cache = new PageCache<{ bytes: number }>(100)
      for (const { key, bytes } of uses) {
        cache.set(key, { bytes })
        expect(cache.get(key)?.bytes).toBe(bytes > 100 ? undefined : bytes)
        expect(cache.bytes).toBeLessThanOrEqual(100)
      }
      const held = ['a', 'b', 'c', 'd', 'e'].map((key) => cache.get(key)?.bytes ?? 0)
      expect(cache.bytes).toBe(held.reduce((sum, bytes) => sum + bytes, 0))
    }),
  )
})
