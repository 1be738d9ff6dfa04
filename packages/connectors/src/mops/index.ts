import { earlier, later, monthsIn } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { todayOf } from '../taiwan/crawl-dates.js'
import { exchangeLimits } from '../taiwan/exchange-limits.js'
import { datasets } from './datasets.js'
import { monthlyRevenue, revenueDataset } from './monthly-revenue.js'

/** Since then companies report consolidated revenue under IFRS; what is older is on other pages, and something else. */
const REVENUE_SINCE = '2013-01-01'

export const mops = defineConnector({
  id: 'mops',
  title: 'Market Observation Post System',
  homepage: 'https://mops.twse.com.tw/',
  // It stands behind the wall of TWSE, so its requests count together with those to TWSE.
  limits: exchangeLimits('twse.com.tw'),
  credentials: [],
  datasets,
  handlers: { monthlyRevenue },
  crawls: {
    'monthly-revenue': {
      title: 'Revenue of a month, TWSE and TPEx; two pages each, of domestic and of foreign companies',
      of: revenueDataset,
      exchanges: [],
      per: 'exchange',
      since: REVENUE_SINCE,
      bytesPerPage: 420_000,
      handler: 'monthlyRevenue',
      *params(request) {
        // The page of a month begins to fill when the month is over.
        const end = earlier(request.end, `${todayOf(request).slice(0, 7)}-01`)
        for (const month of monthsIn(later(request.start, REVENUE_SINCE), end)) {
          for (const exchange of ['TWSE', 'TPEX'] as const) yield { exchange, month, origin: 'domestic' as const }
        }
      },
    },
  },
})
