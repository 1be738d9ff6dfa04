import { applyChanges, type Changes } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChangeLog } from './change-log.js'

interface Thing {
  readonly id: number
  readonly names: readonly string[]
  readonly symbols: Readonly<Record<string, string>>
  readonly score: number
}

const text = fc.constantFrom('a', 'b', 'c', '台積')
const thing = fc.record<Thing>({
  ...{ id: fc.nat(), names: fc.array(text, { maxLength: 2 }) },
  ...{ symbols: fc.dictionary(text, text, { maxKeys: 2 }), score: fc.nat(9) },
})
/** Records to add, changes by a number that stands for a place, and whether a version is made of them then. */
const step = fc.record({
  insert: fc.array(thing, { maxLength: 3 }),
  update: fc.array(
    fc.tuple(
      fc.nat(99),
      fc.record(
        { names: fc.array(text, { maxLength: 2 }), symbols: fc.dictionary(text, text), score: fc.nat(9) },
        { requiredKeys: [] },
      ),
    ),
    { maxLength: 4 },
  ),
  isPublished: fc.boolean(),
})

describe('a log of changes', () => {
  test('between any two versions gives what makes the later one of the earlier one', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { log, snapshots } = play(steps, 1_000)
        for (let from = 0; from <= log.version; from++) {
          for (let to = Math.max(1, from); to <= log.version; to++) {
            const changes = log.since(from, to)
            if (changes === undefined) throw new Error(`nothing from ${from} to ${to}`)
            expect(applyChanges(snapshots[from] ?? [], changes)).toEqual(snapshots[to])
            const places = changes.update.map(({ _idx }) => _idx)
            expect(new Set(places).size).toBe(places.length)
            expect(places.every((place) => place < (snapshots[from]?.length ?? 0))).toBe(true)
          }
        }
      }),
    )
  })

  test('is the same as JSON', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const { log } = play(steps, 1_000)
        for (let from = 0; from <= log.version; from++) {
          const json = log.jsonSince(from)
          const read: Changes<Thing> = {
            insert: (json?.insert ?? []).map((record) => JSON.parse(record.toString())),
            update: JSON.parse(json?.update.toString() ?? ''),
          }
          expect(read).toEqual(log.since(from))
        }
        const all = (log.jsonSince(0)?.insert ?? []).reduce((sum, { byteLength }) => sum + byteLength, 0)
        expect(log.bytes).toBe(all)
      }),
    )
  })

  test('that became too long forgets its beginning and says so, but not what there is now', () => {
    const log = new ChangeLog<Thing, number>(0, 4)
    for (let n = 0; n < 5; n++) {
      log.insert({ id: n, names: [], symbols: {}, score: 0 })
      log.publish(n)
    }
    expect(log.version).toBe(6)
    expect([log.since(1), log.head(1), log.since(0, 5)]).toEqual([undefined, undefined, undefined])
    expect(log.since(0)?.insert).toHaveLength(5)
    expect(log.since(5)?.insert).toHaveLength(1)
  })

  test('tells nothing of a version that is not there yet', () => {
    const log = new ChangeLog<Thing, number>(0, 10)
    log.insert({ id: 1, names: [], symbols: {}, score: 0 })
    expect([log.since(0, 2), log.since(2, 1), log.since(1)]).toEqual([undefined, undefined, { insert: [], update: [] }])
    expect(() => log.update(7, { score: 1 })).toThrow(RangeError)
  })
})

function play(steps: readonly Step[], entriesMax: number) {
  const log = new ChangeLog<Thing, number>(1, entriesMax)
  // Of version 0, which stands for nothing, and of version 1, which has nothing.
  const snapshots: Thing[][] = [[], []]
  const naive: Thing[] = []
  for (const { insert, update, isPublished } of steps) {
    for (const item of insert) {
      log.insert(item)
      naive.push(structuredClone(item))
    }
    for (const [number, fields] of naive.length === 0 ? [] : update) {
      const place = number % naive.length
      const known = naive[place]
      if (known === undefined) continue
      log.update(place, fields)
      naive[place] = {
        ...{ id: known.id, score: fields.score ?? known.score },
        ...{ names: [...known.names, ...(fields.names ?? [])], symbols: { ...known.symbols, ...fields.symbols } },
      }
      expect(log.at(place)).toEqual(naive[place])
    }
    if (!isPublished) continue
    log.publish(log.version + 1)
    snapshots.push(structuredClone(naive))
  }
  return { log, snapshots }
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
