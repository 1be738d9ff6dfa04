import { type Exchange, formatInstant } from '@barkeep/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { Watermark } from './watermark.js'

/** 09:00 to 09:03 in UTC: three minutes, one short hour. */
const short: Exchange = {
  code: 'SHORT',
  name: 'Three minutes a day',
  mic: null,
  timeZone: 'UTC',
  currency: 'TWD',
  sessions: [{ since: '1900-01-01', open: '09:00', close: '09:03' }],
}
const openMs = Date.UTC(2026, 10, 20, 9)
const minute = (index: number) => openMs + index * 60_000
const doneMs = 5_000

let nowMs: number
let watermark: Watermark

beforeEach(() => {
  nowMs = openMs
  watermark = new Watermark({
    topic: 'kmin',
    exchange: (code) => (code === 'SHORT' ? short : undefined),
    doneMs,
    now: () => nowMs,
  })
})

const bars = (index: number, names: string, final = true) =>
  [...names].map((name) => ({ instrument: `SHORT:${name}`, ts: formatInstant(minute(index)), final }))
const shown = (marks: ReturnType<Watermark['due']>) =>
  marks.map(({ ts, instruments, missing }) => {
    const index = (Date.parse(ts) - openMs) / 60_000
    return `${index}: ${instruments} missing ${missing.map((name) => name.slice(6)).join('')}`
  })

describe('what arrives', () => {
  test('the first minute waits for its deadline, as nobody knows who will come', () => {
    nowMs = minute(1)
    expect(watermark.arrived(bars(0, 'AB'))).toEqual([])
    expect(watermark.nextDueMs).toBe(minute(1) + doneMs)
    nowMs = minute(1) + doneMs - 1
    expect(watermark.due()).toEqual([])
    nowMs += 1
    expect(shown(watermark.due())).toEqual(['0: 2 missing '])
    expect(watermark.due()).toEqual([])
  })

  test('a minute is done as soon as all who came before are there', () => {
    watermark.arrived(bars(0, 'AB'))
    watermark.declare(minute(0))
    expect(watermark.arrived(bars(1, 'B'))).toEqual([])
    expect(shown(watermark.arrived(bars(1, 'A')))).toEqual(['1: 2 missing '])
  })

  test('those who were declared are expected from the first minute on, and nobody else', () => {
    watermark.expect(['SHORT:A', 'SHORT:B', 'OTHER:C'])
    expect(watermark.arrived(bars(0, 'AX'))).toEqual([])
    expect(shown(watermark.arrived(bars(0, 'B')))).toEqual(['0: 3 missing '])
  })

  test('who is not there at the deadline is missing', () => {
    watermark.arrived(bars(0, 'ABC'))
    watermark.declare(minute(0))
    watermark.arrived(bars(1, 'B'))
    nowMs = minute(2) + doneMs
    expect(shown(watermark.due())).toEqual(['1: 1 missing AC'])
  })

  test('a minute in which nothing came is done at its deadline, and none behind the close', () => {
    watermark.arrived(bars(0, 'A'))
    nowMs = minute(60)
    // Long after the session: what came last is waited for as long as what comes in time.
    expect(shown(watermark.due())).toEqual(['0: 1 missing ', '1: 0 missing A', '2: 0 missing A'])
    expect(watermark.nextDueMs).toBeUndefined()
  })

  test('when a later minute is complete, earlier ones are closed first', () => {
    watermark.arrived(bars(0, 'AB'))
    watermark.arrived(bars(1, 'A'))
    expect(shown(watermark.arrived(bars(2, 'AB')))).toEqual(['0: 2 missing ', '1: 1 missing B', '2: 2 missing '])
  })

  test('a bar that comes late, one that may still change and one out of hours close nothing', () => {
    watermark.arrived(bars(0, 'A'))
    watermark.declare(minute(0))
    expect(watermark.arrived(bars(0, 'B'))).toEqual([])
    expect(watermark.arrived(bars(1, 'AB', false))).toEqual([])
    expect(watermark.arrived(bars(-1, 'A'))).toEqual([])
    expect(watermark.arrived(bars(3, 'A'))).toEqual([])
    expect(shown(watermark.arrived(bars(1, 'AB')))).toEqual(['1: 2 missing '])
  })
})

describe('who makes up for lost time', () => {
  test('is waited for from when each minute came', () => {
    nowMs = minute(60)
    watermark.arrived(bars(0, 'AB'))
    nowMs += 3_000
    watermark.arrived(bars(1, 'A'))
    nowMs += 2_000
    expect(shown(watermark.due())).toEqual(['0: 2 missing '])
    nowMs += 2_999
    expect(watermark.due()).toEqual([])
    nowMs += 1
    expect(shown(watermark.due())).toEqual(['1: 1 missing B', '2: 0 missing AB'])
  })
})

describe('sessions', () => {
  test('nothing is done of one in which nobody published', () => {
    nowMs = minute(60)
    expect(watermark.due()).toEqual([])
    expect(watermark.declare(minute(0))).toEqual([])
    expect(watermark.nextDueMs).toBeUndefined()
  })

  test('a new one expects nobody of the last, and bars of the last are news no more', () => {
    const dayMs = 86_400_000
    watermark.arrived(bars(0, 'AB'))
    nowMs = minute(0) + dayMs
    const tomorrow = [{ instrument: 'SHORT:C', ts: formatInstant(minute(0) + dayMs), final: true }]
    expect(watermark.arrived(tomorrow)).toEqual([])
    expect(watermark.arrived(bars(1, 'AB'))).toEqual([])
    const [mark] = watermark.declare(minute(0) + dayMs)
    expect(mark).toMatchObject({ instruments: 1, missing: [] })
  })

  test('an exchange that is not known has none', () => {
    expect(watermark.arrived([{ instrument: 'MOON:A', ts: formatInstant(minute(0)), final: true }])).toEqual([])
  })
})
