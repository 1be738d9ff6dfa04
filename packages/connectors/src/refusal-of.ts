import { type BarkeepError, shorten, type UpstreamPage, upstreamError } from '@barkeep/core'

/** How long to wait after a 429 that does not say it. */
const RATE_LIMIT_PAUSE_MS = 60_000
/** How long to wait after a 403, which from a source without accounts is a wall against robots. */
const BAN_PAUSE_MS = 3_600_000
/** Longest wait that an upstream may ask for; a Retry-After beyond it is a mistake or a joke. */
const PAUSE_MS_MAX = 86_400_000
const EXCERPT_CHARACTERS = 120

/**
 * What an answer with an error status means where the upstream's own words do not say more: 429 and a 503 that names a
 * time are limits, 401 a credential, 403 a ban, 408 and 5xx a failure to try again, anything else a refusal.
 */
export function refusalOf(page: UpstreamPage): BarkeepError {
  const { status } = page
  const said = `${new URL(page.url).host} answers ${status}: ${excerptOf(page.text())}`
  const asked = retryAfterMs(page)
  if (status === 429 || (status === 503 && asked !== undefined)) {
    return upstreamError('UPSTREAM_RATE_LIMITED', said, { afterMs: asked ?? RATE_LIMIT_PAUSE_MS })
  }
  if (status === 401) return upstreamError('UPSTREAM_UNAUTHORIZED', said)
  if (status === 403) return upstreamError('UPSTREAM_BANNED', said, { afterMs: asked ?? BAN_PAUSE_MS })
  if (status === 408 || status >= 500) return upstreamError('UPSTREAM_FAILED', said)
  return upstreamError('UPSTREAM_REFUSED', said)
}

/** The beginning of a text on one line, for the message of an error. */
export function excerptOf(text: string): string {
  return (
    shorten(
      text
        .slice(0, 2 * EXCERPT_CHARACTERS)
        .replaceAll(/\s+/g, ' ')
        .trim(),
      EXCERPT_CHARACTERS,
    ) || '(empty)'
  )
}

/** Retry-After in milliseconds, seconds and dates alike; undefined where it is absent or unreadable. */
function retryAfterMs({ headers, receivedAtMs }: UpstreamPage): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined || text === '') return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - receivedAtMs
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), PAUSE_MS_MAX)
}
