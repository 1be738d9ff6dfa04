import { setImmediate } from 'node:timers/promises'
import { type Bar, barFault, formatInstant, type Instrument, type Refusal, upstreamError } from '@barkeep/core'
import { type Column, headerTable } from '../header-table.js'
import { parseCell } from '../taiwan/cells.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { cellsOf } from './answer.js'
import { type Contract, contractOf, instrumentOf } from './contracts.js'
import { type TickPlace, tickPlaces } from './tick-place.js'

/** Lines in a piece: some 20 ms of work. */
const LINES_PER_PIECE = 8_000
/** A file with more lines that cannot be read has another form. */
const REFUSED_MAX = 1_000

export interface TickBars {
  /** Of single futures, in the order in which their minutes come in the file. */
  readonly bars: readonly Bar[]
  readonly instruments: readonly Instrument[]
  readonly refused: readonly Refusal[]
}

interface Minute {
  readonly instrument: string
  readonly place: TickPlace
  open: number
  high: number
  low: number
  close: number
  /** Bought and sold, so twice the contracts. */
  sides: number
  /** When its first and its last match were; they sort as time does. */
  firstKey: string
  lastKey: string
}

/**
 * Minute bars from the matches of a session date: those of the night before it and of the day. Volume in contracts: the
 * file counts the buyer and the seller, so it is halved. Spreads give no bar, since their price is a difference.
 * Between two pieces the process gets to do something else, for a file has hundreds of thousands of lines.
 * Throws UPSTREAM_CHANGED where a column is missing or too many lines cannot be read. Source: our notes on upstreams, 9.
 */
export async function parseTicks(text: string, sessionDate: string): Promise<TickBars> {
  const lines = text.split(/\r?\n/)
  const names = (lines.shift() ?? '').split(',')
  const read = tickReader(names, sessionDate)
  const minutes = new Map<string, Minute>()
  const contracts = new Map<string, Contract>()
  const refused: Refusal[] = []
  for (let first = 0; first < lines.length; first += LINES_PER_PIECE) {
    for (const line of lines.slice(first, first + LINES_PER_PIECE)) {
      if (line.trim() === '') continue
      const cells = cellsOf(line, names.length)
      if (cells.length !== names.length) throw changed(`a line has ${cells.length} cells: ${line.slice(0, 100)}`)
      const tick = read(cells)
      if ('reason' in tick) refused.push({ row: line, ...tick })
      else if (tick.contract.kind === 'future') {
        contracts.set(tick.contract.instrument, tick.contract)
        add(minutes, tick)
      }
      if (refused.length > REFUSED_MAX) throw changed(`more than ${REFUSED_MAX} lines cannot be read, such as ${line}`)
    }
    await setImmediate()
  }
  // The night of a date began on the evening of the session before: the last one that the file has.
  const evenings = [...minutes.values()].map(({ place }) => place.evening ?? '').sort()
  const before = evenings.at(-1)
  const bars: Bar[] = []
  for (const minute of minutes.values()) {
    const bar = barOf(minute)
    const fault = minute.sides % 2 === 1 ? 'what is bought and sold is no even number' : barFault(bar)
    const { evening = before } = minute.place
    if (evening !== before) refused.push({ row: JSON.stringify(bar), reason: outside(sessionDate) })
    else if (fault === undefined) bars.push(bar)
    else
      refused.push({
        row: JSON.stringify(bar),
        reason: fault,
        bar: { instrument: minute.instrument, interval: '1m', date: sessionDate },
      })
  }
  return { bars, instruments: [...contracts.values()].map(instrumentOf), refused }
}

interface Tick {
  readonly contract: Contract
  readonly place: TickPlace
  /** Sorts as time does. */
  readonly key: string
  readonly price: number
  readonly sides: number
}

/** Reads one line, or says why it cannot, and which contract lacks a match for it. */
function tickReader(
  names: readonly string[],
  sessionDate: string,
): (cells: readonly string[]) => Tick | Omit<Refusal, 'row'> {
  const table = headerTable('The file of matches', names, [])
  const [date, time] = [table.column('成交日期'), table.column('成交時間')]
  const [product, month] = [table.column('商品代號'), table.column('到期月份(週別)')]
  const [price, sides] = [table.column('成交價格'), table.column('成交數量(B+S)')]
  const placeOf = tickPlaces(sessionDate)
  const contractAt = remembered(product, month)
  const dates = new Map<string, string | undefined>()
  return (cells) => {
    const written = date(cells)
    const day = dates.has(written) ? dates.get(written) : parseTaiwanDate(written)
    dates.set(written, day)
    const clock = time(cells).padStart(6, '0')
    const contract = contractAt(cells)
    const [value, count] = [parseCell(price(cells)), parseCell(sides(cells))]
    if (contract === undefined) return { reason: 'unreadable contract' }
    const bar = { instrument: contract.instrument, interval: '1m', date: sessionDate } as const
    const refuse = (reason: string) => (contract.kind === 'future' ? { reason, bar } : { reason })
    if (day === undefined || !/^([01]\d|2[0-3])[0-5]\d[0-5]\d$/.test(clock)) return refuse('unreadable time')
    if (typeof value !== 'number' || typeof count !== 'number') return refuse('unreadable number')
    const second = Number(clock.slice(0, 2)) * 3_600 + Number(clock.slice(2, 4)) * 60 + Number(clock.slice(4))
    const place = placeOf(day, second)
    if (place === undefined) return { reason: outside(sessionDate) }
    return { contract, place, key: `${day}${clock}`, price: value, sides: count }
  }
}

/** Contracts are few and lines many. */
function remembered(product: Column, month: Column): (cells: readonly string[]) => Contract | undefined {
  const known = new Map<string, Contract | undefined>()
  return (cells) => {
    const name = `${product(cells)} ${month(cells)}`
    if (!known.has(name)) known.set(name, contractOf(product(cells), month(cells)))
    return known.get(name)
  }
}

/** Lines of one second keep their order; whether lines are sorted by time does not matter. */
function add(minutes: Map<string, Minute>, { contract: { instrument }, place, key, price, sides }: Tick): void {
  const name = `${instrument} ${place.tsMs}`
  const minute = minutes.get(name)
  if (minute === undefined) {
    const prices = { open: price, high: price, low: price, close: price }
    minutes.set(name, { instrument, place, ...prices, sides, firstKey: key, lastKey: key })
    return
  }
  minute.high = Math.max(minute.high, price)
  minute.low = Math.min(minute.low, price)
  minute.sides += sides
  if (key < minute.firstKey) {
    minute.firstKey = key
    minute.open = price
  }
  if (key >= minute.lastKey) {
    minute.lastKey = key
    minute.close = price
  }
}

function barOf({ instrument, place, open, high, low, close, sides }: Minute): Bar {
  const ts = formatInstant(place.tsMs)
  return { instrument, ts, open, high, low, close, volume: sides / 2, turnover: null, trades: null }
}

function outside(sessionDate: string): string {
  return `outside the sessions of ${sessionDate}`
}

function changed(why: string): Error {
  return upstreamError('UPSTREAM_CHANGED', `The file of matches: ${why}.`)
}
