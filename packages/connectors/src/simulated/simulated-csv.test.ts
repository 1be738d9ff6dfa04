import { formatInstant } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { simulateBars, simulatedCsv, simulatedInstruments, simulatedSessionDates } from './index.js'

const seed = 5
const instruments = simulatedInstruments(seed).slice(11, 14)
const sessionDates = simulatedSessionDates({ until: '2026-11-20', years: 0.1 })

describe('simulatedCsv', () => {
  it.each(['1m', '1h', '1d'] as const)('writes the %s bars that simulateBars tells, in wire order', (interval) => {
    const lines = [...simulatedCsv({ seed, interval, instruments, sessionDates })].join('').split('\n')
    const expected = instruments.flatMap((instrument) =>
      [...simulateBars({ seed, instrument, sessionDates })].flatMap(({ minutes, hours, day }) => {
        const bars = { '1m': minutes, '1h': hours, '1d': day === undefined ? [] : [day] }[interval]
        return bars.map(({ tsMs, open, high, low, close, volume, turnover, trades }) =>
          [instrument.instrument, formatInstant(tsMs), open, high, low, close, volume, turnover, trades].join(','),
        )
      }),
    )
    expect(lines[0]).toBe('instrument,ts,open,high,low,close,volume,turnover,trades')
    expect(lines.at(-1)).toBe('')
    expect(lines.slice(1, -1)).toEqual(expected)
  })

  it('cuts chunks only between rows, and they add up to the same text', () => {
    const options = { seed, interval: '1m', instruments, sessionDates } as const
    const small = [...simulatedCsv({ ...options, chunkCharacters: 4_000 })]
    expect(small.length).toBeGreaterThan(10)
    expect(small.every((chunk) => chunk.endsWith('\n'))).toBe(true)
    expect(small.join('')).toBe([...simulatedCsv(options)].join(''))
  })

  it('keeps chunks of a full market between 64 KiB and 1 MiB, but for the last', () => {
    const chunks = [...simulatedCsv({ seed, interval: '1m', sessionDates })].slice(0, -1)
    expect(chunks.length).toBeGreaterThan(5)
    expect(chunks.every(({ length }) => length >= 65_536 && length <= 1_048_576)).toBe(true)
  })
})
