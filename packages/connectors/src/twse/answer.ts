import { type AbsenceReason, type UpstreamPage, upstreamError } from '@barkeep/core'
import { isRecord, readJson, type UnknownRecord } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'

/** TWSE's wall against robots; it stands in front of MOPS as well. How long it stays up is not known, so this is a guess. */
const BAN_PAUSE_MS = 3_600_000
const securityPage = /FOR SECURITY REASONS|因為安全性考量|captcha|驗證碼/i
/** The wall redirects to its page, or answers 428, which nothing else here does. */
const wallStatuses: readonly number[] = [307, 428]

/** What `stat` says, with status 200 all of it. */
const sayings: readonly { readonly stat: RegExp; readonly means: 'data' | AbsenceReason }[] = [
  { stat: /^ok$/i, means: 'data' },
  { stat: /沒有符合條件的資料|無相關資料|查無資料/, means: 'no-data' },
  { stat: /查詢日期小於/, means: 'before-history' },
  { stat: /查詢日期大於/, means: 'not-yet' },
]

/**
 * The JSON of a page of TWSE. Throws UPSTREAM_BANNED for the security page, UPSTREAM_FAILED for what is no JSON, and
 * what `refusalOf` makes of an error status.
 */
export function readTwseJson(page: UpstreamPage): unknown {
  refuseWall(page)
  return readJson(page)
}

/** Throws unless the page is an answer of the exchange itself, and not of the wall before it. */
export function refuseWall(page: UpstreamPage, encoding: 'utf-8' | 'big5' = 'utf-8'): void {
  const walled = wallStatuses.includes(page.status) || (isSmall(page) && securityPage.test(page.text(encoding)))
  if (walled) {
    throw upstreamError(
      'UPSTREAM_BANNED',
      'TWSE answers with its security page. Wait an hour, then lower the limits of the connectors that ask twse.com.tw.',
      { afterMs: BAN_PAUSE_MS },
    )
  }
  if (page.status !== 200) throw refusalOf(page)
}

/** The answer of a report, or why there is none. Throws UPSTREAM_REFUSED for a `stat` that says something else. */
export function readReport(body: unknown): UnknownRecord | AbsenceReason {
  if (!isRecord(body)) throw upstreamError('UPSTREAM_CHANGED', 'The answer of TWSE is not an object.')
  // Recorded of MI_INDEX and MI_QFIIS on a holiday: an object with nothing in it.
  if (Object.keys(body).length === 0) return 'no-data'
  const stat = typeof body.stat === 'string' ? body.stat : undefined
  if (stat === undefined) throw upstreamError('UPSTREAM_CHANGED', "The answer of TWSE has no 'stat'.")
  const saying = sayings.find((known) => known.stat.test(stat.trim()))
  if (saying === undefined) throw upstreamError('UPSTREAM_REFUSED', `TWSE says: ${excerptOf(stat)}`)
  return saying.means === 'data' ? body : saying.means
}

/** The wall's page has about 700 bytes; what is much longer is searched for its words in vain. */
function isSmall({ body }: UpstreamPage): boolean {
  return body.byteLength <= 20_000
}
