import { type AbsenceReason, type UpstreamPage, upstreamError } from '@barkeep/core'
import { isRecord, listOf, readJson, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'

/** Yahoo's limit says neither how high it is nor how long it lasts; this is a cautious choice. */
const RATE_LIMIT_PAUSE_MS = 900_000
/** The plain text comes with status 429, and by some ways with 200. */
const tooMany = /^(?:Edge: )?Too Many Requests/i
const outage = /Will be right back/i

/** What the error of a chart means where it is no refusal. */
const absences: readonly { readonly says: RegExp; readonly means: AbsenceReason }[] = [
  { says: /No data found, symbol may be delisted/i, means: 'not-listed' },
  { says: /Data doesn't exist for startDate/i, means: 'no-data' },
  { says: /must be within the last \d+ days/i, means: 'before-history' },
]

/**
 * The JSON of a page of Yahoo, errors in JSON included.
 * Throws UPSTREAM_RATE_LIMITED for its plain text, UPSTREAM_FAILED for an outage and what is no JSON in UTF-8, and what
 * `refusalOf` makes of the rest.
 */
export function readYahooJson(page: UpstreamPage): unknown {
  const text = page.text().trim()
  if (tooMany.test(text)) {
    throw upstreamError('UPSTREAM_RATE_LIMITED', 'Yahoo answers: Too Many Requests. Lower connectors.yahoo.limits.', {
      afterMs: RATE_LIMIT_PAUSE_MS,
    })
  }
  if (outage.test(text)) throw upstreamError('UPSTREAM_FAILED', 'Yahoo answers that it will be right back.')
  const isWords = [400, 404, 422].includes(page.status) && text.startsWith('{')
  if (page.status !== 200 && !isWords) throw refusalOf(page)
  return readJson(page)
}

/** The one result of a chart, or why there is none. Throws UPSTREAM_REFUSED with what Yahoo says, UPSTREAM_CHANGED. */
export function readChartResult(body: unknown): UnknownRecord | AbsenceReason {
  const chart = recordOf(recordOf(body, 'The answer of Yahoo').chart, "'chart' of Yahoo")
  if (isRecord(chart.error)) {
    const description = textOf(chart.error.description)
    const absence = absences.find(({ says }) => says.test(description))
    if (absence !== undefined) return absence.means
    throw upstreamError('UPSTREAM_REFUSED', `Yahoo says ${textOf(chart.error.code)}: ${excerptOf(description)}`)
  }
  return recordOf(listOf(chart.result, "'chart.result' of Yahoo")[0], "'chart.result[0]' of Yahoo")
}
