import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { refusal } from './credentials.js'
import { history } from './history.js'
import { quotes } from './quotes.js'
import { stockSearch } from './stock-search.js'

const MS_PER_DAY = 86_400_000

/** World Trading Data, which closed in 2020: search, last quotes, daily history. */
export const worldtradingdata: Upstream = {
  id: 'worldtradingdata',
  // The free plan. Whether its day was a calendar day is not known; any 24 hours is the stricter reading.
  limits: [{ requests: 250, perMs: MS_PER_DAY, banMs: 0 }],
  refuse: () => refusal('You have reached your request limit for the day. Upgrade to get more daily requests.', 429),
  captchaPage: () =>
    textAnswer(
      '<!DOCTYPE html><html><body>Checking your browser before accessing the site.</body></html>',
      'text/html',
    ),
  credentialOf: (url) => url.searchParams.get('api_token') ?? undefined,
  routes: [stockSearch, quotes, history],
}
