import { createTaiwanCalendar, type TaiwanCalendar } from './calendar.js'
import { type Course, createCourse, type DayState } from './course.js'
import { inventStock, type Listing, listSecurities, type Security, type Split } from './listings.js'
import { type IndexDay, indexDay } from './market-index.js'
import { fractionOf, hashOf, wholeOf } from './noise.js'
import { type SimulatedMinute, simulateSession } from './simulate-session.js'
import { instantOf, MS_PER_MINUTE, OPEN_MINUTE } from './taipei-time.js'

/**
 * One session of one security. Prices in TWD, unadjusted, null where nothing traded in the order book.
 * `volumeShares`, `turnover` (TWD) and `trades` count the order book, odd lots and after-hours trades: more than the sum
 * of the minutes, as with the exchange itself.
 */
export interface TruthDay {
  readonly symbol: string
  readonly date: string
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volumeShares: number
  readonly turnover: number
  readonly trades: number
  /** What the change of the day is counted from: the close before, lowered on an ex-date; null on the first day. */
  readonly reference: number | null
  /** The close less the reference; null where they cannot be compared: first day, ex-date, no trade. */
  readonly change: number | null
}

/** One minute with trades. `tsMs` is its start, UTC; `minute` the same as `HH:MM` in Taipei. Prices in TWD, unadjusted. */
export interface TruthMinute {
  readonly symbol: string
  readonly date: string
  readonly minute: string
  readonly tsMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** Whole lots of 1,000 shares. */
  readonly volumeShares: number
  readonly turnover: number
  readonly trades: number
}

export interface Dividend {
  /** The ex-date. */
  readonly date: string
  /** TWD a share of that day. */
  readonly amount: number
}

/** The one market that all upstreams of Taiwan tell of. Dates are `YYYY-MM-DD` in Taipei; ranges are half-open. */
export interface Truth {
  readonly seed: number
  readonly calendar: TaiwanCalendar
  /** The securities that the exchange's lists name, on any date. */
  listings(): readonly Listing[]
  /** A listed security, or any other four-digit stock from 1101 to 8999; undefined for what never trades. */
  listing(symbol: string): Listing | undefined
  state(symbol: string, date: string): DayState
  /** Undefined unless the exchange has a session on the date and the security is listed. */
  day(symbol: string, date: string): TruthDay | undefined
  days(symbol: string, start: string, end: string): TruthDay[]
  /** Minutes with trades, ascending; the last is 13:29, that of the closing auction, unless that found no match. */
  minutes(symbol: string, date: string): TruthMinute[]
  /** The weighted index; undefined where there is no session. */
  index(date: string): IndexDay | undefined
  splits(symbol: string): readonly Split[]
  dividends(symbol: string, start: string, end: string): Dividend[]
}

interface Player {
  readonly security: Security
  readonly course: Course
}

const DAYS_CACHED_MAX = 200_000

/** `stocks` is how many stocks the lists name; the same seed tells the same of each, however many there are. */
export function createTruth({ seed, stocks }: { readonly seed: number; readonly stocks: number }): Truth {
  const calendar = createTaiwanCalendar(seed)
  const listed = listSecurities(seed, stocks)
  const players = new Map<string, Player>()
  for (const security of listed) enter(security)
  const cachedDays = new Map<string, TruthDay>()

  function enter(security: Security): Player {
    const player = { security, course: createCourse(seed, calendar, security) }
    players.set(security.listing.symbol, player)
    return player
  }

  function playerOf(symbol: string): Player | undefined {
    const known = players.get(symbol)
    if (known !== undefined || !/^[1-8]\d{3}$/.test(symbol) || symbol < '1101') return known
    return enter(inventStock(seed, symbol))
  }

  function dayOf(symbol: string, date: string): TruthDay | undefined {
    const key = `${symbol} ${date}`
    const cached = cachedDays.get(key)
    if (cached !== undefined) return cached
    const player = calendar.closure(date) === undefined ? playerOf(symbol) : undefined
    if (player === undefined || player.course.state(date) === 'not-listed') return undefined
    const day = buildDay(seed, player, date)
    if (cachedDays.size >= DAYS_CACHED_MAX) cachedDays.clear()
    cachedDays.set(key, day)
    return day
  }

  return {
    seed,
    calendar,
    listings: () => listed.map(({ listing }) => listing),
    listing: (symbol) => playerOf(symbol)?.security.listing,
    state: (symbol, date) => playerOf(symbol)?.course.state(date) ?? calendar.closure(date) ?? 'not-listed',
    day: dayOf,
    days: (symbol, start, end) =>
      calendar.sessions(start, end).flatMap((date) => {
        const day = dayOf(symbol, date)
        return day === undefined ? [] : [day]
      }),
    minutes(symbol, date) {
      const player = playerOf(symbol)
      return player === undefined ? [] : simulate(seed, player, date).map((minute) => truthMinute(symbol, date, minute))
    },
    index: (date) => indexDay(seed, calendar, date),
    splits: (symbol) => playerOf(symbol)?.security.traits.splits ?? [],
    dividends(symbol, start, end) {
      const course = playerOf(symbol)?.course
      const dividends: Dividend[] = []
      for (let year = Number(start.slice(0, 4)); year <= Number(end.slice(0, 4)); year++) {
        const told = course?.dividend(String(year))
        if (told !== undefined && told.date >= start && told.date < end) {
          dividends.push({ date: told.date, amount: told.cents / 100 })
        }
      }
      return dividends
    },
  }
}

function simulate(seed: number, { security: { listing, traits }, course }: Player, date: string): SimulatedMinute[] {
  if (course.state(date) !== 'traded') return []
  const closeCents = course.closeCents(date)
  return simulateSession({
    hash: hashOf(seed, listing.symbol, date),
    referenceCents: course.reference(date)?.cents ?? closeCents,
    closeCents,
    fund: listing.kind === 'etf',
    volatility: traits.volatility,
    tradesPerMinute: traits.tradesPerMinute,
    lotsPerTrade: traits.lotsPerTrade,
    closesQuietly: fractionOf(seed, listing.symbol, date, 'quiet close') < traits.quietCloseChance,
  })
}

function buildDay(seed: number, player: Player, date: string): TruthDay {
  const { symbol } = player.security.listing
  const reference = player.course.reference(date)
  const minutes = simulate(seed, player, date)
  const first = minutes[0]
  const last = minutes.at(-1)
  const more = outsideOrderBook(seed, player, date, minutes.length, last?.closeCents ?? reference?.cents ?? 0)
  const sums = {
    symbol,
    date,
    volumeShares: minutes.reduce((sum, { volumeShares }) => sum + volumeShares, more.shares),
    turnover: minutes.reduce((sum, { turnover }) => sum + turnover, more.turnover),
    trades: minutes.reduce((sum, { trades }) => sum + trades, more.trades),
    reference: reference === undefined ? null : reference.cents / 100,
  }
  if (first === undefined || last === undefined) {
    return { ...sums, open: null, high: null, low: null, close: null, change: null }
  }
  return {
    ...sums,
    open: first.openCents / 100,
    high: Math.max(...minutes.map(({ highCents }) => highCents)) / 100,
    low: Math.min(...minutes.map(({ lowCents }) => lowCents)) / 100,
    close: last.closeCents / 100,
    change: reference?.comparable === true ? (last.closeCents - reference.cents) / 100 : null,
  }
}

/** Odd lots and after-hours trades: the exchange counts them in the day, and no minute holds them. */
function outsideOrderBook(seed: number, player: Player, date: string, minutes: number, priceCents: number) {
  const state = player.course.state(date)
  if (state !== 'traded' && state !== 'odd-lots-only') return { shares: 0, turnover: 0, trades: 0 }
  const { symbol } = player.security.listing
  const oddShares = wholeOf(1, 999, seed, symbol, date, 'odd shares')
  const lateLots = Math.floor((minutes / 60) * fractionOf(seed, symbol, date, 'after hours'))
  const shares = oddShares + lateLots * 1_000
  return {
    shares,
    turnover: Math.round((shares * priceCents) / 100),
    trades: 1 + Math.floor(oddShares / 60) + lateLots,
  }
}

function truthMinute(symbol: string, date: string, minute: SimulatedMinute): TruthMinute {
  const minuteOfDay = OPEN_MINUTE + minute.offset
  const two = (value: number) => String(value).padStart(2, '0')
  return {
    symbol,
    date,
    minute: `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}`,
    tsMs: instantOf(date, OPEN_MINUTE) + minute.offset * MS_PER_MINUTE,
    open: minute.openCents / 100,
    high: minute.highCents / 100,
    low: minute.lowCents / 100,
    close: minute.closeCents / 100,
    volumeShares: minute.volumeShares,
    turnover: minute.turnover,
    trades: minute.trades,
  }
}
