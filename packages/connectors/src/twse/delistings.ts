import type { Handler } from '@barkeep/core'
import { readTwseJson } from './answer.js'
import { parseDelistings } from './parse-delistings.js'

export type DelistingsParams = {
  /** The date in Taipei on which it is asked. */
  readonly asked: string
}

/**
 * Companies that have left TWSE, with the date from which they no longer trade.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED. Source: TWSE open data suspendListingCsvAndHtml.
 */
export const delistings: Handler<DelistingsParams> = async (task, context) => {
  const page = await context.fetch({ url: 'https://openapi.twse.com.tw/v1/company/suspendListingCsvAndHtml' })
  const { instruments, refused } = parseDelistings(readTwseJson(page))
  return { task, data: { instruments, covers: [], refused }, nextTasks: [] }
}
