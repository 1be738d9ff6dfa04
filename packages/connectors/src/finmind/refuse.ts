import { type UpstreamErrorCode, type UpstreamPage, upstreamError } from '@barkeep/core'
import { isRecord, readJson, textOf } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'

/** The quota counts by the hour, and nothing says when an hour begins. */
export const QUOTA_PAUSE_MS = 3_600_000
/** An address is let in again after this. */
const BAN_PAUSE_MS = 1_800_000

/** What a status means, of the body before that of the head; where it is 400, the words decide. */
const refusals: readonly {
  readonly status: number
  readonly says?: RegExp
  readonly code: UpstreamErrorCode
  readonly afterMs?: number
}[] = [
  { status: 402, code: 'UPSTREAM_RATE_LIMITED', afterMs: QUOTA_PAUSE_MS },
  { status: 403, code: 'UPSTREAM_BANNED', afterMs: BAN_PAUSE_MS },
  { status: 401, code: 'UPSTREAM_UNAUTHORIZED' },
  { status: 400, says: /token/i, code: 'UPSTREAM_UNAUTHORIZED' },
  // Every task of such a plan would be refused, and many refusals are answered with a ban.
  { status: 400, says: /your level is/i, code: 'UPSTREAM_UNAUTHORIZED' },
  { status: 422, code: 'UPSTREAM_CHANGED' },
]

/**
 * Throws where a page is a refusal. Its body has a status of its own, which counts: some refusals come under 200.
 * `secret` is kept out of the message, and `refusedAs` is what a refusal without a meaning of its own is.
 * Throws UPSTREAM_RATE_LIMITED for the quota, UPSTREAM_BANNED, UPSTREAM_UNAUTHORIZED for a token or a level that does not
 * do, UPSTREAM_CHANGED for a dataset that is gone, and what `refusalOf` makes of other statuses.
 */
export function refuse(
  page: UpstreamPage,
  { secret, refusedAs = 'UPSTREAM_REFUSED' }: { readonly secret?: string; readonly refusedAs?: UpstreamErrorCode } = {},
): void {
  const told = page.text().trimStart().startsWith('{') ? readJson(page) : undefined
  const own = isRecord(told) && typeof told.status === 'number' ? told.status : page.status
  if (own === 200 && page.status === 200) return
  const status = own === 200 ? page.status : own
  const said = isRecord(told) ? textOf(told.msg) || JSON.stringify(told.detail ?? told) : page.text()
  const words = excerptOf(secret === undefined || secret === '' ? said : said.replaceAll(secret, '[secret]'))
  const known = refusals.find((refusal) => refusal.status === status && (refusal.says?.test(said) ?? true))
  if (known !== undefined) {
    const { code, afterMs } = known
    throw upstreamError(code, `FinMind says ${status}: ${words}`, afterMs === undefined ? {} : { afterMs })
  }
  if (!isRecord(told) || status === 408 || status === 429 || status >= 500) throw refusalOf({ ...page, status })
  throw upstreamError(refusedAs, `FinMind says ${status}: ${words}`)
}
