import { barColumns, type Instrument, type KeptInterval } from '@barkeep/core'
import { simulatedInstruments } from './instruments.js'
import { simulateBars } from './simulate-bars.js'
import type { SimulatedBar } from './simulated-bar.js'

const MS_PER_DAY = 86_400_000
const MS_PER_MINUTE = 60_000
const CHUNK_CHARACTERS = 256 * 1_024

export interface SimulatedCsvOptions {
  readonly seed: number
  readonly interval: KeptInterval
  /** `YYYY-MM-DD`, ascending. */
  readonly sessionDates: readonly string[]
  /** All of simulatedInstruments(seed) when absent. */
  readonly instruments?: readonly Instrument[]
  /** A chunk ends with the first session date that takes it beyond this. */
  readonly chunkCharacters?: number
}

/**
 * The bars of one interval as CSV in wire order, instrument by instrument, each ascending in time.
 * Every chunk holds whole rows and only ASCII, so characters are bytes; the header stands in the first.
 */
export function* simulatedCsv(options: SimulatedCsvOptions): Generator<string> {
  const { seed, interval, sessionDates } = options
  const { instruments = simulatedInstruments(seed), chunkCharacters = CHUNK_CHARACTERS } = options
  const price = createPriceText()
  const instant = createInstantText()
  let chunk = `${barColumns.join(',')}\n`
  for (const instrument of instruments) {
    const start = `${instrument.instrument},`
    for (const { minutes, hours, day } of simulateBars({ seed, instrument, sessionDates })) {
      const bars = { '1m': minutes, '1h': hours, '1d': day === undefined ? [] : [day] }[interval]
      for (const bar of bars) chunk += `${start}${instant(bar.tsMs)}${numbers(bar, price)}\n`
      if (chunk.length < chunkCharacters) continue
      yield chunk
      chunk = ''
    }
  }
  if (chunk !== '') yield chunk
}

function numbers(bar: SimulatedBar, price: (value: number) => string): string {
  const prices = `,${price(bar.open)},${price(bar.high)},${price(bar.low)},${price(bar.close)}`
  return `${prices},${bar.volume},${bar.turnover},${bar.trades}`
}

/** Prices repeat, and writing a fraction is the slowest part of a row. */
function createPriceText(): (value: number) => string {
  const texts = new Map<number, string>()
  return (value) => {
    let text = texts.get(value)
    if (text === undefined) {
      text = String(value)
      texts.set(value, text)
    }
    return text
  }
}

/** `2024-01-02T01:00:00Z`, formatted once for each day and each minute of a day. */
function createInstantText(): (ms: number) => string {
  const clocks = Array.from({ length: MS_PER_DAY / MS_PER_MINUTE }, (_, minute) =>
    new Date(minute * MS_PER_MINUTE).toISOString().slice(10, 19).concat('Z'),
  )
  let day = Number.NaN
  let date = ''
  return (ms) => {
    const dayOfMs = Math.floor(ms / MS_PER_DAY)
    if (dayOfMs !== day) {
      day = dayOfMs
      date = new Date(day * MS_PER_DAY).toISOString().slice(0, 10)
    }
    return date + (clocks[(ms - day * MS_PER_DAY) / MS_PER_MINUTE] ?? '')
  }
}
