import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BarkeepError } from './errors.js'
import { applyChanges, applyIncrement, joinPatches, patched } from './increment.js'
import type { Patch, SearchHit, SearchIncrement, SearchState } from './wire-search.js'

const hit = (id: string): SearchHit => ({
  ...{ id, kind: 'stock', title: id, instrument: null, isin: null, exchange: '', same_as: null },
  ...{ names: [id], symbols: { a: id }, url: {}, sources: ['a'], score: 10 },
})
const state: SearchState = {
  ...{ uuid: 'u', epoch: 'e', query: 'q', version: 3, running: true, remains: ['b'], errors: [] },
  hits: [hit('one'), hit('two')],
}
const increment: SearchIncrement = {
  ...{ uuid: 'u', epoch: 'e', query: 'q', version: 5, running: false, remains: [], errors: [], from: 3 },
  hits_diff: {
    insert: [hit('three')],
    update: [{ _idx: 1, names: ['zwei', 'deux'], symbols: { b: '2' }, sources: ['b'], score: 50 }],
  },
}

describe('an increment', () => {
  test('appends records, appends to lists, merges objects one level deep and replaces all else', () => {
    const next = applyIncrement(state, increment)
    expect(next).toMatchObject({ version: 5, running: false, remains: [] })
    expect(next.hits.map(({ id }) => id)).toEqual(['one', 'two', 'three'])
    expect(next.hits[1]).toEqual({
      ...hit('two'),
      ...{ names: ['two', 'zwei', 'deux'], symbols: { a: 'two', b: '2' }, sources: ['a', 'b'], score: 50 },
    })
    expect(next).not.toHaveProperty('from')
    expect(next).not.toHaveProperty('hits_diff')
  })

  test('leaves the state before as it was, and gives records that did not change as the same objects', () => {
    const before = structuredClone(state)
    const next = applyIncrement(state, increment)
    expect(state).toEqual(before)
    expect(next.hits[0]).toBe(state.hits[0])
  })

  test.each([
    ['that comes twice', { from: 3, version: 3 }],
    ['that is late', { from: 1, version: 3 }],
    ['before which another one is missing', { from: 4, version: 5 }],
    ['of another search', { uuid: 'other' }],
    ['of another life of the server', { epoch: 'other' }],
    ['that changes a record that is not there', { hits_diff: { insert: [], update: [{ _idx: 2, score: 1 }] } }],
  ])('%s is refused', (_, wrong) => {
    let refusal: unknown
    try {
      applyIncrement(state, { ...increment, ...wrong })
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(BarkeepError)
    expect(refusal).toMatchObject({ code: 'CONFLICT' })
  })

  test('takes more records than a call takes arguments', () => {
    const insert = Array.from({ length: 200_000 }, () => ({}))
    expect(applyChanges([], { insert, update: [] })).toHaveLength(200_000)
  })
})

describe('two changes of one record', () => {
  interface Thing {
    readonly list: readonly number[]
    readonly map: Readonly<Record<string, number>>
    readonly text: string
    readonly none: string | null
  }
  const list = fc.array(fc.nat(9), { maxLength: 3 })
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(9))
  const thing = fc.record<Thing>({ list, map, text: fc.string(), none: fc.constantFrom(null, 'x') })
  const patch = fc
    .record({ list, map, text: fc.string(), none: fc.constantFrom('y', 'z') }, { requiredKeys: [] })
    .map((fields) => ({ _idx: 0, ...fields }) as Patch<Thing>)

  test('joined are as much as one after the other', () => {
    fc.assert(
      fc.property(thing, patch, patch, (item, first, second) => {
        expect(patched(item, joinPatches(first, second))).toEqual(patched(patched(item, first), second))
      }),
    )
  })
})
