import { isUtf8 } from 'node:buffer'
import { type Handler, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { refuseWall } from './answer.js'
import { parseIsinList } from './parse-isin-list.js'

export type InstrumentsParams = {
  /** TWSE or TPEX: the ISIN list is kept for both. */
  readonly exchange: 'TWSE' | 'TPEX'
  /** Warrants too: more than nine of ten securities are. */
  readonly warrants: boolean
  /** The date in Taipei on which it is asked. */
  readonly asked: string
}

/** Number of the list → exchange, as the page wants it. */
const modes = { TWSE: 2, TPEX: 4 } as const satisfies Record<InstrumentsParams['exchange'], number>

/**
 * All securities that are listed now, with ISIN, kind and listing date; those that have left are not in the list.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED. Source: TWSE ISIN list (MS950), our notes on upstreams, 1.8.
 */
export const instruments: Handler<InstrumentsParams> = async (task, context) => {
  const { exchange, warrants, asked } = task.params
  const page = await context.fetch({ url: `https://isin.twse.com.tw/isin/C_public.jsp?strMode=${modes[exchange]}` })
  refuseWall(page, 'big5')
  // Names in MS950 are never UTF-8, so that a page that is can only have been written wrongly.
  if (isUtf8(page.body)) throw upstreamError('UPSTREAM_FAILED', 'The ISIN list comes in UTF-8 instead of MS950.')
  const list = await parseIsinList(page.text('big5'), exchange)
  // No exchange is without securities, so an empty list covers nothing.
  if (list.instruments.length === 0 && list.refused.length === 0) {
    return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  }
  return {
    task,
    data: {
      instruments: list.instruments.filter(({ kind }) => warrants || kind !== 'warrant'),
      covers: [{ scope: exchange, of: 'instruments', start: asked, end: addDays(asked, 1) }],
      refused: list.refused,
    },
    nextTasks: [],
  }
}
