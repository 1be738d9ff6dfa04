import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createArrivalGate } from './arrival-limit.js'

describe('the gate at an upstream', () => {
  it('finds every window that holds too many arrivals, and no other', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 60 }), (gapsMs) => {
        const gate = createArrivalGate([{ requests: 3, perMs: 5_000, banMs: 0 }])
        const arrivalsMs: number[] = []
        for (const gapMs of gapsMs) {
          const atMs = (arrivalsMs.at(-1) ?? 0) + gapMs
          const within = arrivalsMs.filter((earlierMs) => earlierMs > atMs - 5_000).length
          expect(gate.arrive('one', atMs).overLimit).toBe(within >= 3)
          arrivalsMs.push(atMs)
        }
      }),
    )
  })

  it('shuts an offender out for the length of the ban, counts its tries, and lets it in again', () => {
    const gate = createArrivalGate([{ requests: 2, perMs: 1_000, banMs: 10_000 }])
    const offence = (atMs: number) => gate.arrive('one', atMs).offence
    expect([offence(0), offence(1)]).toEqual([undefined, undefined])
    expect(offence(2)?.count).toBe(1)
    expect(offence(5_000)?.count).toBe(2)
    expect(offence(10_001)?.count).toBe(3)
    expect(offence(10_002)).toBeUndefined()
  })

  it('treats callers apart, and all limits together', () => {
    const gate = createArrivalGate([
      { requests: 2, perMs: 1_000, banMs: 0 },
      { requests: 3, perMs: 60_000, banMs: 0 },
    ])
    const over = (caller: string, atMs: number) => gate.arrive(caller, atMs).overLimit
    expect([over('a', 0), over('a', 1), over('b', 2), over('a', 3)]).toEqual([false, false, false, true])
    expect(over('b', 2_000)).toBe(false)
    expect(over('b', 4_000)).toBe(false)
    expect(over('b', 6_000)).toBe(true)
  })

  it('lets everyone in where there is no limit', () => {
    const gate = createArrivalGate([])
    expect([gate.arrive('a', 0), gate.arrive('a', 0)].every(({ offence }) => offence === undefined)).toBe(true)
  })
})
