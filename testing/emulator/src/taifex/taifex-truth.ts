import { createRandom, hashOf, type Random, wholeOf } from '../market/noise.js'
import { addDays, instantOf, MS_PER_MINUTE } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { type Contract, contractsOn, optionsOn } from './contracts.js'

export type TaifexSession = 'day' | 'night'

/** One match: `date` and `second` by the clock of Taipei, `lots` counted once. */
export interface TaifexTick {
  readonly date: string
  /** Seconds since midnight. */
  readonly second: number
  readonly price: number
  readonly lots: number
}

/** What a contract did in one of the two sessions of a date. Prices null where it was not traded. */
export interface TaifexDay {
  readonly contract: Contract
  readonly session: TaifexSession
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly lots: number
  /** Of the day alone. */
  readonly settlement: number | null
  readonly openInterest: number | null
}

export interface TaifexMinute {
  /** Product and month, such as `TX202408`. */
  readonly symbol: string
  /** Start, ms since the epoch. */
  readonly tsMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly lots: number
}

/** The futures exchange: its contracts follow the index of the market of Taiwan. Dates are session dates. */
export interface TaifexTruth {
  /** The session before, on whose evening the night of `date` begins. */
  before(date: string): string | undefined
  futures(date: string): readonly TaifexDay[]
  options(date: string): readonly TaifexDay[]
  /** Matches of futures and spreads, by contract and then by time: the night first. */
  ticks(date: string): readonly { readonly contract: Contract; readonly tick: TaifexTick }[]
  /** Minutes of single futures, night and day; the print at a close belongs to the last minute. */
  minutes(date: string): readonly TaifexMinute[]
}

/** Minutes since midnight of the evening or morning on which it opens, and how long it lasts. */
const hours = {
  day: { openMinute: 8 * 60 + 45, minutes: 300 },
  night: { openMinute: 15 * 60, minutes: 840 },
} as const satisfies Record<TaifexSession, unknown>
const NIGHTS_SINCE = '2017-05-16'
const MINUTES_PER_DAY = 1_440

export function createTaifexTruth(truth: Truth): TaifexTruth {
  const { calendar, seed } = truth
  const before = (date: string) => calendar.at(calendar.indexOf(date) - 1)
  const isOpen = (date: string) => calendar.closure(date) === undefined

  function sessionTicks(contract: Contract, date: string, session: TaifexSession): TaifexTick[] {
    const evening = before(date)
    const index = truth.index(date)
    const isAway = session === 'night' && (!contract.hasNight || date < NIGHTS_SINCE)
    if (index === undefined || evening === undefined || isAway || contract.tradesPerMinute === 0) return []
    const { openMinute, minutes } = hours[session]
    const random = createRandom(hashOf(seed, 'taifex', nameOf(contract), date, session))
    const [from, to] = session === 'night' ? [index.reference, index.open] : [index.open, index.close]
    const ticks: TaifexTick[] = []
    const print = (minute: number, secondOfMinute: number): void => {
      const atMinute = openMinute + minute
      const points = from + ((to - from) * minute) / minutes + 12 * (random() - 0.5)
      const day = session === 'night' ? addDays(evening, Math.floor(atMinute / MINUTES_PER_DAY)) : date
      ticks.push({
        date: day,
        second: (atMinute % MINUTES_PER_DAY) * 60 + secondOfMinute,
        price: toTick(contract.worth(points), contract),
        lots: 1 + Math.floor(4 * random()),
      })
    }
    for (let minute = 0; minute < minutes; minute++) {
      for (const second of secondsOf(contract, random)) print(minute, second)
    }
    // The last print comes at the very close.
    if (contract.tradesPerMinute >= 0.3) print(minutes, 0)
    return ticks
  }

  function dayOf(contract: Contract, date: string, session: TaifexSession): TaifexDay {
    const ticks = sessionTicks(contract, date, session)
    const prices = ticks.map(({ price }) => price)
    const close = prices.at(-1) ?? null
    const isTold = session === 'day' && contract.kind !== 'spread'
    const settlement = toTick(contract.worth(truth.index(date)?.close ?? 0), contract)
    return {
      contract,
      session,
      open: prices[0] ?? null,
      high: prices.length === 0 ? null : Math.max(...prices),
      low: prices.length === 0 ? null : Math.min(...prices),
      close,
      lots: ticks.reduce((sum, { lots }) => sum + lots, 0),
      settlement: isTold ? (close ?? settlement) : null,
      openInterest: isTold ? wholeOf(0, 9_000, seed, 'interest', nameOf(contract), date) : null,
    }
  }

  function daysOf(contracts: readonly Contract[], date: string): TaifexDay[] {
    const hasNight = date >= NIGHTS_SINCE
    return contracts.flatMap((contract) => {
      const day = dayOf(contract, date, 'day')
      return hasNight && contract.hasNight ? [day, dayOf(contract, date, 'night')] : [day]
    })
  }

  return {
    before,
    futures: (date) => (isOpen(date) ? daysOf(contractsOn(truth, date), date) : []),
    options: (date) => (isOpen(date) ? daysOf(optionsOn(truth, date), date) : []),
    ticks: (date) =>
      (isOpen(date) ? contractsOn(truth, date) : []).flatMap((contract) =>
        (['night', 'day'] as const).flatMap((session) =>
          sessionTicks(contract, date, session).map((tick) => ({ contract, tick })),
        ),
      ),
    minutes: (date) =>
      (isOpen(date) ? contractsOn(truth, date) : [])
        .filter(({ kind }) => kind === 'future')
        .flatMap((contract) =>
          (['night', 'day'] as const).flatMap((session) =>
            minutesOf(nameOf(contract), sessionTicks(contract, date, session), session),
          ),
        ),
  }
}

export function nameOf({ product, month, strike, right }: Contract): string {
  return strike === undefined ? `${product}${month}` : `${product}${month}${right === 'put' ? 'P' : 'C'}${strike}`
}

/** The seconds of a minute at which a contract trades, ascending; two may be the same. */
function secondsOf({ tradesPerMinute }: Contract, random: Random): number[] {
  const count = Math.floor(tradesPerMinute + random())
  return Array.from({ length: count }, () => Math.floor(60 * random())).sort((a, b) => a - b)
}

function minutesOf(symbol: string, ticks: readonly TaifexTick[], session: TaifexSession): TaifexMinute[] {
  const { openMinute, minutes } = hours[session]
  const closeSecond = ((openMinute + minutes) % MINUTES_PER_DAY) * 60
  const byMinute = new Map<number, TaifexTick[]>()
  for (const tick of ticks) {
    const minute = Math.floor(tick.second / 60) - (tick.second === closeSecond ? 1 : 0)
    const tsMs = instantOf(tick.date, 0) + minute * MS_PER_MINUTE
    byMinute.set(tsMs, [...(byMinute.get(tsMs) ?? []), tick])
  }
  return [...byMinute].map(([tsMs, some]) => {
    const prices = some.map(({ price }) => price)
    return {
      symbol,
      tsMs,
      open: prices[0] ?? 0,
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1) ?? 0,
      lots: some.reduce((sum, { lots }) => sum + lots, 0),
    }
  })
}

/** Rounded to the tick, and to what two decimals can tell; zero has no sign. */
function toTick(worth: number, { tickSize }: Contract): number {
  return Math.round(Math.round(worth / tickSize) * tickSize * 100) / 100 + 0
}
