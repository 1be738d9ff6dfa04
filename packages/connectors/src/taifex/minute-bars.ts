import { type Handler, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { excerptOf, refusalOf } from '../refusal-of.js'
import { spokenFor } from '../spoken-for.js'
import { trustAt } from '../taiwan/sessions.js'
import { csvTextOf } from './answer.js'
import { parseTicks } from './parse-ticks.js'
import { isZip, readZip } from './read-zip.js'

export type MinuteBarsParams = {
  /** Session date `YYYY-MM-DD`. */
  readonly date: string
}

/** Unpacked bytes of a file of matches; those of a busy day have some tens of millions. */
const FILE_BYTES_MAX = 268_435_456
/** A page of HTML that says so is no word about the day. */
const maintenance = /維護|maintenance|稍後再試|be right back/i

/**
 * Minute bars of all futures of one session date, made of the file of its matches. The night before the date belongs to
 * it: those bars stand at their own instants, on the evening of the session before and the morning after. Volume in
 * contracts. A date without a file, because it had no session or is older than 30 of them, is an absence that covers nothing.
 * Throws UPSTREAM_BANNED, UPSTREAM_CHANGED, UPSTREAM_FAILED. Source: TAIFEX DailydownloadCSV, our notes on upstreams, 9.
 */
export const minuteBars: Handler<MinuteBarsParams> = async (task, context) => {
  const { date } = task.params
  const file = `Daily_${date.replaceAll('-', '_')}.zip`
  const page = await context.fetch({
    url: `https://www.taifex.com.tw/file/taifex/Dailydownload/DailydownloadCSV/${file}`,
  })
  if (page.status !== 200) throw refusalOf(page)
  if (!isZip(page.body)) {
    const said = page.text()
    if (!said.trimStart().startsWith('<') || maintenance.test(said)) {
      throw upstreamError('UPSTREAM_FAILED', `TAIFEX answers with no zip: ${excerptOf(said)}`)
    }
    return { task, data: { absence: 'no-data', covers: [] }, nextTasks: [] }
  }
  const { bars, instruments, refused } = await parseTicks(csvTextOf(await readZip(page.body, FILE_BYTES_MAX)), date)
  const trust = trustAt(context.now())
  const isFinal = date <= trust.settledThrough
  const coverage = { scope: 'TAIFEX', of: '1m', start: date, end: addDays(date, 1) }
  return {
    task,
    data: {
      bars: [{ interval: '1m', bars: isFinal ? bars : bars.map((bar) => ({ ...bar, final: false })) }],
      instruments,
      covers: bars.length > 0 ? spokenFor(coverage, date, trust) : [],
      refused,
    },
    nextTasks: [],
  }
}
