import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeenBars } from './live-seen.js'

const numbers = { open: 1, high: 1, low: 1, close: 1, volume: 1, turnover: null, trades: null, source: 'live' }
const barOf = (instrument: number, minute: number, version: number, final = true) => ({
  ...numbers,
  instrument: `SIM:${instrument}`,
  ts: new Date(minute * 60_000).toISOString(),
  final,
  known_at: new Date(1_000_000_000 + version).toISOString(),
})

test('with room for all it tells what a map of all versions tells', () => {
  const notes = fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(9), fc.boolean()), { maxLength: 100 })
  fc.assert(
    fc.property(notes, (script) => {
      const seen = new SeenBars(1_000_000)
      const known = new Map<string, { readonly version: number; readonly final: boolean }>()
      for (const [instrument, minute, version, final] of script) {
        const before = known.get(`${instrument} ${minute}`)
        const novelty =
          before === undefined ? 'new' : version <= before.version ? 'same' : before.final ? 'later' : 'new'
        expect(seen.note(barOf(instrument, minute, version, final))).toBe(novelty)
        if (novelty !== 'same') known.set(`${instrument} ${minute}`, { version, final })
      }
      expect(seen.floorMs).toBe(Number.NEGATIVE_INFINITY)
    }),
  )
})

test('the oldest starts are forgotten first, and what is forgotten is new again', () => {
  const seen = new SeenBars(2_000)
  for (let minute = 0; minute < 300; minute++) {
    for (let instrument = 0; instrument < 10; instrument++) {
      expect(seen.note(barOf(instrument, minute, 1))).toBe('new')
      expect(seen.note(barOf(instrument, minute, 1))).toBe('same')
    }
  }
  const floorMinute = seen.floorMs / 60_000
  // A start of 10 instruments costs at least 26, and a quarter is forgotten at once.
  expect(floorMinute).toBeGreaterThan(300 - 2_000 / 26)
  expect(floorMinute).toBeLessThan(299)
  expect(seen.note(barOf(3, floorMinute - 1, 1))).toBe('new')
  expect(seen.note(barOf(3, floorMinute, 1))).toBe('same')
})
