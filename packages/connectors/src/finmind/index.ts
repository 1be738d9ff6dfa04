import { type CrawlRequest, parseInstrument } from '@barkeep/core'
import { addDays, datesIn, earlier, later, weekdayOf } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { pastOnly, todayOf } from '../taiwan/crawl-dates.js'
import { sharesPerLot } from '../taiwan/lots.js'
import { dailyBars, type InstrumentDaysParams } from './daily-bars.js'
import { datasets, datesDataset, usageDataset, valuationsDataset } from './datasets.js'
import { instruments } from './instruments.js'
import { minuteBars } from './minute-bars.js'
import { tradingDates } from './trading-dates.js'
import { usage } from './usage.js'
import { valuations } from './valuations.js'

const PRICES_SINCE = '1994-10-01'
const MINUTES_SINCE = '2019-01-01'
/** A day that FinMind has no minutes of. */
const MINUTES_HOLE = '2019-02-20'
/** From this many requests on, how much of the quota is left is asked first. */
const BIG_CRAWL_REQUESTS = 100
const exchanges = ['TWSE', 'TPEX']

/** Before a big crawl. */
const usageFirst = {
  handler: 'usage',
  from: BIG_CRAWL_REQUESTS,
  params: ({ nowMs }: CrawlRequest) => ({ askedMs: nowMs }),
} as const

export const finmind = defineConnector({
  id: 'finmind',
  title: 'FinMind',
  homepage: 'https://finmindtrade.com/',
  // Without a token; an account with one may ask 600 an hour, so that `connectors.finmind.limits` can be raised. The
  // second limit spreads requests: who is refused many times is banned.
  limits: [
    { requests: 300, perMs: 3_600_000, per: 'credential' },
    { requests: 5, perMs: 1_000, per: 'credential' },
  ],
  credentials: [
    {
      name: 'token',
      required: false,
      help: 'The token of the account. Without it FinMind answers half as many requests.',
    },
    {
      name: 'user_id',
      required: false,
      help: 'In place of a token: the account, which is logged in with its password.',
    },
    { name: 'password', required: false, help: 'The password of the account.' },
  ],
  datasets,
  handlers: { dailyBars, minuteBars, valuations, instruments, tradingDates, usage },
  crawls: {
    'daily-bars': {
      title: 'Daily bars, all dates of an instrument in one page',
      of: '1d',
      exchanges,
      per: 'instrument',
      since: PRICES_SINCE,
      bytesPerPage: 200_000,
      first: usageFirst,
      handler: 'dailyBars',
      params: instrumentDays,
    },
    'minute-bars': {
      title: 'Minute bars, one instrument and date a page; for sponsors',
      of: '1m',
      exchanges,
      per: 'instrument',
      since: MINUTES_SINCE,
      bytesPerPage: 30_000,
      first: usageFirst,
      handler: 'minuteBars',
      *params(request) {
        for (const { instrument, start, end } of instrumentDays(request)) {
          // Its minutes count lots, and of some funds nobody says how many shares a lot has.
          if (sharesPerLot(parseInstrument(instrument).symbol) === undefined) continue
          for (const date of datesIn(later(start, MINUTES_SINCE), end)) {
            if (weekdayOf(date) % 6 !== 0 && date !== MINUTES_HOLE) yield { instrument, date }
          }
        }
      },
    },
    valuations: {
      title: 'P/E, P/B and dividend yield, all dates of an instrument in one page',
      of: valuationsDataset,
      exchanges: [],
      per: 'instrument',
      since: null,
      bytesPerPage: 100_000,
      first: usageFirst,
      handler: 'valuations',
      params: instrumentDays,
    },
    instruments: {
      title: 'Securities of TWSE and TPEx, with their industries',
      of: 'instruments',
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 500_000,
      handler: 'instruments',
      *params(request) {
        yield { asked: todayOf(request) }
      },
    },
    'trading-dates': {
      title: 'Dates with a session, in one page',
      of: datesDataset,
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 150_000,
      handler: 'tradingDates',
      *params({ start, end }) {
        if (start < end) yield { start, end }
      },
    },
    usage: {
      title: 'How much of the quota of this hour is used; without any left the connector waits',
      of: usageDataset,
      exchanges: [],
      per: 'query',
      since: null,
      bytesPerPage: 300,
      handler: 'usage',
      *params({ nowMs }) {
        yield { askedMs: nowMs }
      },
    },
  },
})

function* instrumentDays(request: CrawlRequest): Generator<InstrumentDaysParams> {
  for (const { instrument, exchange, listed, delisted } of request.instruments) {
    if (!exchanges.includes(exchange)) continue
    const start = later(later(request.start, listed), PRICES_SINCE)
    const end = earlier(pastOnly(request), delisted === null ? null : addDays(delisted, 1))
    if (start < end) yield { instrument, start, end }
  }
}
