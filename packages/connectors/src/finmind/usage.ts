import { formatInstant, type Handler, upstreamError } from '@barkeep/core'
import { parseCell } from '../taiwan/cells.js'
import { tokenOf } from './account.js'
import { askWithToken } from './ask.js'
import { columnOf } from './columns.js'
import { usageDataset } from './datasets.js'
import { QUOTA_PAUSE_MS } from './refuse.js'

export type UsageParams = {
  /** Milliseconds since the epoch. */
  readonly askedMs: number
}

/**
 * How much of its quota an account has used, a row of `finmind_usage`. Where nothing is left, the connector waits instead
 * of asking: refusals count as well, and many of them are answered with a ban. Without a token nobody tells, so nothing is asked.
 * Throws UPSTREAM_RATE_LIMITED, and what `dailyBars` throws. Source: FinMind user_info, our notes on upstreams, 4.
 */
export const usage: Handler<UsageParams> = async (task, context) => {
  if ((await tokenOf(context)) === undefined) return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  const answer = await askWithToken(context, 'https://api.web.finmindtrade.com/v2/user_info')
  const [used, limit] = ['user_count', 'api_request_limit'].map((name) =>
    parseCell(columnOf(answer, name, 'user_info')),
  )
  if (typeof used !== 'number' || typeof limit !== 'number') {
    throw upstreamError('UPSTREAM_CHANGED', "FinMind's user_info tells no numbers.")
  }
  if (used >= limit) {
    throw upstreamError('UPSTREAM_RATE_LIMITED', `FinMind has answered ${used} of ${limit} requests of this hour.`, {
      afterMs: QUOTA_PAUSE_MS,
    })
  }
  const row = { asked: formatInstant(context.now()), used, limit }
  return { task, data: { rows: [{ dataset: usageDataset, rows: [row] }], covers: [] }, nextTasks: [] }
}
