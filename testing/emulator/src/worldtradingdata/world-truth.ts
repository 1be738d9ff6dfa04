import { createRandom, fractionOf, hashOf, smoothNoise, wholeOf } from '../market/noise.js'
import { addDays, MS_PER_DAY, weekdayOf } from '../market/taipei-time.js'

/** A company as World Trading Data lists it. Names and prices are invented but for a few well-known tickers. */
export interface WorldListing {
  readonly symbol: string
  readonly name: string
  readonly currency: string
  readonly exchangeLong: string
  readonly exchangeShort: string
  readonly timeZone: string
}

export interface WorldDay {
  readonly symbol: string
  readonly date: string
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volumeShares: number
}

/** The market that World Trading Data tells of; it has nothing to do with the one of Taiwan. */
export interface WorldTruth {
  listings(): readonly WorldListing[]
  /** Session dates are weekdays but New Year, the Fourth of July and Christmas. Half-open, ascending. */
  days(symbol: string, start: string, end: string): WorldDay[]
}

const WORLD_FIRST_DATE = '2010-01-04'
/** The service was shut down. */
const WORLD_END = '2020-08-01'

const exchanges = [
  ['New York Stock Exchange', 'NYSE', 'USD', 'America/New_York', ''],
  ['NASDAQ Stock Exchange', 'NASDAQ', 'USD', 'America/New_York', ''],
  ['London Stock Exchange', 'LSE', 'GBX', 'Europe/London', '.L'],
  ['Frankfurt Stock Exchange', 'FRA', 'EUR', 'Europe/Berlin', '.F'],
] as const
const known = [
  ['SNAP', 'Snap Inc.', 0],
  ['AAPL', 'Apple Inc.', 1],
  ['MSFT', 'Microsoft Corporation', 1],
  ['TWTR', 'Twitter Inc.', 0],
  ['1SI.F', 'Snap Inc.', 3],
] as const
const heads = [
  'Northern',
  'Silver',
  'Granite',
  'Blue River',
  'Snapdragon',
  'Meridian',
  'Cedar',
  'Harbour',
  'Summit',
  'Amber',
  'New York Central',
  'New York Harbor',
  'New York Park',
  'New York Bridge',
  'New York Island',
]
const tails = [
  'Foods',
  'Energy',
  'Mining',
  'Software',
  'Logistics',
  'Pharma',
  'Bank',
  'Textiles',
  'Optics',
  'Media',
  'Steel',
  'Water',
]

export function createWorldTruth(seed: number): WorldTruth {
  const listings = [...known.map(([symbol, name, place]) => listingOf(symbol, name, place)), ...inventListings()]
  const symbols = new Set(listings.map(({ symbol }) => symbol))
  return {
    listings: () => listings,
    days(symbol, start, end) {
      if (!symbols.has(symbol)) return []
      const days: WorldDay[] = []
      const last = end < WORLD_END ? end : WORLD_END
      for (let date = start > WORLD_FIRST_DATE ? start : WORLD_FIRST_DATE; date < last; date = addDays(date, 1)) {
        if (isSession(date)) days.push(dayOf(seed, symbol, date))
      }
      return days
    },
  }
}

function inventListings(): WorldListing[] {
  return heads.flatMap((head, row) =>
    tails.map((tail, column) => {
      const initials = head.startsWith('New York ') ? `NY${head.charAt('New York '.length)}` : head.slice(0, 2)
      const letters = (initials + tail.slice(0, 2)).toUpperCase()
      return listingOf(letters, `${head} ${tail} Inc.`, (row + column) % exchanges.length)
    }),
  )
}

function listingOf(symbol: string, name: string, place: number): WorldListing {
  const [exchangeLong, exchangeShort, currency, timeZone, suffix] = exchanges[place] ?? exchanges[0]
  const full = symbol.endsWith(suffix) ? symbol : symbol + suffix
  return { symbol: full, name, currency, exchangeLong, exchangeShort, timeZone }
}

function isSession(date: string): boolean {
  const weekday = weekdayOf(date)
  return weekday !== 0 && weekday !== 6 && !['01-01', '07-04', '12-25'].includes(date.slice(5))
}

function dayOf(seed: number, symbol: string, date: string): WorldDay {
  const hash = hashOf(seed, 'world', symbol)
  const position = Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY
  const level = 0.02 * smoothNoise(hash, position) + 0.3 * smoothNoise(hash + 1, position / 120)
  const anchor = 5 * 10 ** (2 * fractionOf(seed, 'world', symbol, 'price'))
  const close = anchor * Math.exp(level)
  const random = createRandom(hashOf(seed, 'world', symbol, date))
  const open = close * (1 + 0.02 * (random() - 0.5))
  const cents = (value: number) => Math.round(value * 100) / 100
  return {
    symbol,
    date,
    open: cents(open),
    high: cents(Math.max(open, close) * (1 + 0.01 * random())),
    low: cents(Math.min(open, close) * (1 - 0.01 * random())),
    close: cents(close),
    volumeShares: wholeOf(10_000, 20_000_000, seed, 'world', symbol, date),
  }
}
