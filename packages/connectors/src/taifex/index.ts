import { addDays, later } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { todayOf, tradableDates } from '../taiwan/crawl-dates.js'
import { datasets } from './datasets.js'
import { futuresDay, optionsDay } from './market-day.js'
import { minuteBars } from './minute-bars.js'

/** The first session of the exchange. */
const DAYS_SINCE = '1998-07-21'
/** Calendar days within which its last 30 sessions lie, those of a lunar new year included. */
const TICK_FILE_DAYS = 55

export const taifex = defineConnector({
  id: 'taifex',
  title: 'Taiwan Futures Exchange',
  homepage: 'https://www.taifex.com.tw/',
  // The exchange publishes no limit; what the stock exchange lets through is a cautious choice. The second limit keeps
  // requests one at a time.
  limits: [
    { requests: 3, perMs: 5_000, per: 'host', host: 'taifex.com.tw' },
    { requests: 1, perMs: 1_400, per: 'host', host: 'taifex.com.tw' },
  ],
  credentials: [],
  datasets,
  handlers: { futuresDay, optionsDay, minuteBars },
  crawls: {
    'market-days': {
      title:
        'Daily bars of the day session, all futures of a date a page; settlement, open interest and nights as rows',
      of: '1d',
      exchanges: ['TAIFEX'],
      per: 'exchange',
      since: DAYS_SINCE,
      options: { options: 'yes brings options as well, in a second page three times as long' },
      bytesPerPage: 170_000,
      handler: 'futuresDay',
      *params(request) {
        const options = request.options.options === 'yes'
        for (const date of tradableDates(request, DAYS_SINCE)) yield { date, options }
      },
    },
    'minute-bars': {
      title: 'Minute bars of day and night, all futures of a date a page, made of its matches; the last 30 sessions',
      of: '1m',
      exchanges: ['TAIFEX'],
      per: 'exchange',
      since: null,
      bytesPerPage: 8_000_000,
      handler: 'minuteBars',
      *params(request) {
        const oldest = addDays(todayOf(request), -TICK_FILE_DAYS)
        for (const date of tradableDates(request, later(DAYS_SINCE, oldest))) yield { date }
      },
    },
  },
})
