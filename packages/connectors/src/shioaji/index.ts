import type { CrawlRequest } from '@barkeep/core'
import { addDays, datesIn, earlier, later, weekdayOf, windowsIn } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { pastOnly } from '../taiwan/crawl-dates.js'
import { sharesPerLot } from '../taiwan/lots.js'
import { datasets, snapshotsDataset, ticksDataset, usageDataset } from './datasets.js'
import { liveTicks } from './live-ticks.js'
import { minuteBars } from './minute-bars.js'
import { snapshots } from './snapshots.js'
import { ticks } from './ticks.js'
import { usage } from './usage.js'

const KBARS = '/api/v1/data/kbars'
const TICKS = '/api/v1/data/ticks'
const SINCE = '2020-03-02'
/** Most dates of a question about minutes. */
const WINDOW_DATES = 30
const SNAPSHOTS_MAX = 500
/** From this many requests on, how many bytes are left is asked first. */
const BIG_CRAWL_REQUESTS = 20
const MS_PER_DAY = 86_400_000
const exchanges = ['TWSE', 'TPEX']

/** Before a big crawl. */
const usageFirst = {
  handler: 'usage',
  from: BIG_CRAWL_REQUESTS,
  params: ({ nowMs }: CrawlRequest) => ({ askedMs: nowMs }),
} as const

export const shioaji = defineConnector({
  id: 'shioaji',
  title: 'Shioaji, the HTTP server of SinoPac on your machine',
  homepage: 'https://sinotrade.github.io/',
  // Pages of history count by the trading session, which is taken for any 24 hours here: who crawls in the evening alone may raise
  // them. The bytes are those of an account without turnover.
  limits: [
    { requests: 50, perMs: 5_000, per: 'credential' },
    { requests: 270, perMs: MS_PER_DAY, per: 'credential', path: KBARS },
    { requests: 10, perMs: MS_PER_DAY, per: 'credential', path: TICKS },
    { bytes: 500_000_000, perMs: MS_PER_DAY, per: 'credential' },
  ],
  credentials: [
    {
      name: 'token',
      required: false,
      help: 'KEY:SECRET, where the server of Shioaji is not on this machine.',
    },
  ],
  datasets,
  handlers: { minuteBars, ticks, snapshots, usage },
  crawls: {
    'minute-bars': {
      title: 'Minute bars, an instrument and 30 days a page',
      of: '1m',
      exchanges,
      per: 'instrument',
      since: SINCE,
      bytesPerPage: 500_000,
      first: usageFirst,
      path: KBARS,
      handler: 'minuteBars',
      *params(request) {
        for (const { instrument, start, end } of instrumentDays(request)) {
          for (const window of windowsIn(start, end, WINDOW_DATES)) yield { instrument, ...window }
        }
      },
    },
    ticks: {
      title: 'All matches of an instrument on a date',
      of: ticksDataset,
      exchanges,
      per: 'instrument',
      since: SINCE,
      bytesPerPage: 1_000_000,
      path: TICKS,
      handler: 'ticks',
      *params(request) {
        for (const { instrument, start, end } of instrumentDays(request)) {
          for (const date of datesIn(start, end)) if (weekdayOf(date) % 6 !== 0) yield { instrument, date }
        }
      },
    },
    snapshots: {
      title: 'How instruments stand now, 500 a page',
      of: snapshotsDataset,
      exchanges,
      per: 'instrument',
      since: null,
      bytesPerPage: 200_000,
      handler: 'snapshots',
      *params({ instruments, nowMs }) {
        const wanted = instruments.filter(({ exchange }) => exchanges.includes(exchange))
        for (let from = 0; from < wanted.length; from += SNAPSHOTS_MAX) {
          const page = wanted.slice(from, from + SNAPSHOTS_MAX)
          yield { instruments: page.map(({ instrument }) => instrument), askedMs: nowMs }
        }
      },
    },
    usage: {
      title: 'How many bytes of this day are used; without any left the connector waits',
      of: usageDataset,
      exchanges: [],
      per: 'query',
      since: null,
      bytesPerPage: 200,
      handler: 'usage',
      *params({ nowMs }) {
        yield { askedMs: nowMs }
      },
    },
  },
  live: { kmin: liveTicks },
})

function* instrumentDays(request: CrawlRequest) {
  for (const { instrument, exchange, symbol, listed, delisted } of request.instruments) {
    // Volumes in lots of unknown size are none.
    if (!exchanges.includes(exchange) || sharesPerLot(symbol) === undefined) continue
    const start = later(later(request.start, listed), SINCE)
    const end = earlier(pastOnly(request), delisted === null ? null : addDays(delisted, 1))
    if (start < end) yield { instrument, start, end }
  }
}
