import type { Upstream } from '../http/upstream.js'
import { delistings } from './delistings.js'
import { holidaySchedule } from './holiday-schedule.js'
import { isinList } from './isin-list.js'
import { latestDay } from './latest-day.js'
import { marketDay } from './market-day.js'
import { quotes } from './quotes.js'
import { twseRecordings } from './recordings.js'
import { refuseAtWall, securityPage, securityPageRoute } from './security-wall.js'
import { stockDay } from './stock-day.js'
import { valuations } from './valuations.js'

/** The Taiwan Stock Exchange: its hosts www, openapi, mis and isin as one, since their paths do not collide. */
export const twse: Upstream = {
  id: 'twse',
  // All hosts count together. The length of the ban is not known; an hour is an assumption.
  limits: [{ requests: 3, perMs: 5_000, banMs: 3_600_000 }],
  refuse: refuseAtWall,
  recordings: twseRecordings,
  captchaPage: () => securityPage(200),
  routes: [
    ...stockDay,
    ...marketDay,
    ...latestDay,
    ...valuations,
    ...holidaySchedule,
    ...isinList,
    delistings,
    ...quotes,
    securityPageRoute,
  ],
}
