import type { ConnectorSearch } from '@barkeep/core'
import { todayInTaipei } from '../taiwan/sessions.js'

/** The list changes once a day, and has several megabytes. */
const KEEP_MS = 86_400_000

/** Securities by words of their code, ISIN or name, out of the exchange's own list of all, which is read once a day. */
export const searchOfList: ConnectorSearch = {
  datasets: [],
  keepMs: KEEP_MS,
  *tasks(_query, nowMs) {
    const asked = todayInTaipei(nowMs)
    for (const exchange of ['TWSE', 'TPEX'] as const) {
      yield { connector: 'twse', handler: 'instruments', params: { exchange, warrants: false, asked } }
    }
  },
  found({ instruments = [] }, query) {
    const words = query.normalize('NFKC').toLowerCase().split(/\s+/)
    const found = instruments.filter(({ instrument, name, isin }) => {
      const text = `${instrument} ${name} ${isin ?? ''}`.normalize('NFKC').toLowerCase()
      return words.every((word) => text.includes(word))
    })
    return found.map(({ instrument, symbol, name, isin, kind, exchange }) => ({
      symbol,
      instrument,
      isin,
      title: name,
      kind,
      exchange,
    }))
  },
}
