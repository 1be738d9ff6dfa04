import { jsonAnswer } from '../http/answer.js'
import type { Route } from '../http/upstream.js'
import { taipeiDate } from '../market/taipei-time.js'
import { rocCompact } from './format.js'

/** Companies that have left the exchange, latest first; warrants that ran out are not among them. */
export const delistings: Route = {
  path: '/v1/company/suspendListingCsvAndHtml',
  answer: ({ truth, nowMs }) => {
    const today = taipeiDate(nowMs)
    const rows = truth.listings().flatMap(({ symbol, name, kind, delisted }) => {
      const gone = kind !== 'warrant' && delisted !== null && delisted <= today
      return gone ? [{ DelistingDate: rocCompact(delisted), Company: name, Code: symbol }] : []
    })
    return jsonAnswer(rows.sort((a, b) => Number(b.DelistingDate) - Number(a.DelistingDate)))
  },
}
