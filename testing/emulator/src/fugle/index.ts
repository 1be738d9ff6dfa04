import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { ANONYMOUS, REQUESTS_PER_MINUTE, refuseOverRate } from './account.js'
import { historical, intraday } from './candles.js'
import { openStreaming } from './streaming.js'
import { tickers } from './tickers.js'

/** Fugle MarketData: limits are those of the broker that resells it, since its own are not published. */
export const fugle: Upstream = {
  id: 'fugle',
  limits: [
    { requests: REQUESTS_PER_MINUTE, perMs: 60_000, banMs: 0, path: '/marketdata/v1.0/stock/intraday/' },
    { requests: 60, perMs: 60_000, banMs: 0, path: '/marketdata/v1.0/stock/historical/' },
  ],
  refuse: refuseOverRate,
  captchaPage: () => textAnswer('<html><body>Just a moment...</body></html>', 'text/html', { status: 403 }),
  credentialOf: (_url, headers) => String(headers['x-api-key'] ?? ANONYMOUS),
  routes: [historical, intraday, tickers],
  connections: openStreaming,
}
