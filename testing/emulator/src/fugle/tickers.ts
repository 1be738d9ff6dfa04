import { jsonAnswer } from '../http/answer.js'
import type { Route } from '../http/upstream.js'
import { taipeiDate } from '../market/taipei-time.js'
import { tpexTruthOf } from '../tpex/tpex-truth.js'
import { refusal, withRate } from './account.js'

/** Securities that are listed now, by market. */
export const tickers: Route = {
  path: '/marketdata/v1.0/stock/intraday/tickers',
  answer: (request) =>
    withRate(request, ({ query, truth, nowMs }) => {
      const market = query.get('market')
      if (query.get('type') !== 'EQUITY' || (market !== 'TSE' && market !== 'OTC')) return refusal(400, 'Bad Request')
      const listings = market === 'TSE' ? truth.listings() : tpexTruthOf(truth).listings()
      const data = listings
        .filter(({ kind, delisted }) => kind !== 'warrant' && delisted === null)
        .map(({ symbol, name }) => ({ symbol, name }))
      return jsonAnswer({ date: taipeiDate(nowMs), type: 'EQUITY', exchange: query.get('exchange'), market, data })
    }),
}
