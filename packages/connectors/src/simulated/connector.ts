import { BarkeepError, type CrawlRequest, type JsonValue, type KeptInterval } from '@barkeep/core'
import { addDays, earlier, later, monthsIn } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { type BarsParams, bars } from './bars.js'
import { instrumentsPage } from './instruments-page.js'
import { firstDate, simulatedDate } from './market-dates.js'
import { schedule, scheduleDataset } from './schedule.js'

/** That of the demonstration, so that both show the same market. */
const SEED = 1

/** A year of hours or days, or a month of minutes, as rows of some 100 bytes. */
const BYTES_PER_PAGE = { '1m': 550_000, '1h': 120_000, '1d': 25_000 } as const

export const simulated = defineConnector({
  id: 'simulated',
  title: 'Simulated exchange: a market out of a seed, to try things with',
  homepage: 'packages/connectors/src/simulated/README.md',
  isLocal: true,
  limits: [],
  settings: [{ name: 'seed', help: 'Another whole number is another market.', read: readSeed }],
  credentials: [],
  datasets: [scheduleDataset],
  handlers: { bars, instruments: instrumentsPage, holidays: schedule },
  crawls: {
    instruments: {
      title: 'The 20 instruments, with their listing dates',
      of: 'instruments',
      exchanges: [],
      per: 'exchange',
      since: null,
      bytesPerPage: 3_000,
      handler: 'instruments',
      *params({ nowMs }) {
        yield { asked: simulatedDate(nowMs) }
      },
    },
    holidays: {
      title: 'Scheduled holidays, a year a page',
      of: scheduleDataset.name,
      exchanges: [],
      per: 'exchange',
      since: firstDate,
      bytesPerPage: 500,
      handler: 'holidays',
      *params({ start, end, nowMs }) {
        const asked = simulatedDate(nowMs)
        const last = Number(earlier(addDays(end, -1), `${asked.slice(0, 4)}-12-31`).slice(0, 4))
        for (let year = Number(later(start, firstDate).slice(0, 4)); year <= last; year++) yield { year }
      },
    },
    'daily-bars': barsPlan('Daily bars, splits and dividends, a year a page', '1d'),
    'hour-bars': barsPlan('Hours, a year a page', '1h'),
    'minute-bars': barsPlan('Minutes, a month a page', '1m'),
  },
})

function barsPlan(title: string, interval: KeptInterval) {
  return {
    title,
    of: interval,
    exchanges: ['SIM'],
    per: 'instrument',
    since: firstDate,
    bytesPerPage: BYTES_PER_PAGE[interval],
    handler: 'bars',
    params: (request: CrawlRequest) => pagesOf(request, interval),
  } as const
}

function* pagesOf(request: CrawlRequest, interval: KeptInterval): Generator<BarsParams> {
  const end = earlier(request.end, addDays(simulatedDate(request.nowMs), 1))
  for (const { instrument, exchange, listed } of request.instruments) {
    if (exchange !== 'SIM') continue
    const months = [...monthsIn(later(later(request.start, listed), firstDate), end)]
    const periods = interval === '1m' ? months : new Set(months.map((month) => month.slice(0, 4)))
    for (const period of periods) yield { instrument, interval, period }
  }
}

function readSeed(value: unknown, where: string): JsonValue {
  const seed = value === undefined ? SEED : Number(value)
  if (Number.isSafeInteger(seed) && value !== '') return seed
  throw new BarkeepError('INVALID_SETTING', { message: `${where} must be a whole number, not '${String(value)}'.` })
}
