import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Offence } from '../http/arrival-limit.js'
import type { RouteRequest } from '../http/upstream.js'

export const REQUESTS_PER_MINUTE = 300
/** What callers without a key are told apart by: nothing. */
export const ANONYMOUS = 'anonymous'

/** Any key will do but one that begins with `wrong`; one that begins with `small` is of a plan without history. */
export function isKey(key: string): boolean {
  return key !== ANONYMOUS && key !== '' && !key.startsWith('wrong')
}

export function refusal(statusCode: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return jsonAnswer({ statusCode, message }, { status: statusCode, headers })
}

export function refuseOverRate({ limit }: Offence): Answer {
  return refusal(429, 'Rate limit exceeded', { 'retry-after': String(Math.ceil(limit.perMs / 1_000)) })
}

/** An answer to somebody with a key, which says what is left of the minute. */
export function withRate(request: RouteRequest, answer: (request: RouteRequest) => Answer): Answer {
  const { credential, used, nowMs, path } = request
  if (!isKey(credential)) return refusal(401, 'Unauthorized')
  if (credential.startsWith('small') && path.includes('/historical/')) return refusal(403, 'Forbidden resource')
  const told = answer(request)
  const rate = {
    'x-ratelimit-limit': String(REQUESTS_PER_MINUTE),
    'x-ratelimit-remaining': String(Math.max(0, REQUESTS_PER_MINUTE - used)),
    'x-ratelimit-reset': String(nowMs + 1_000),
  }
  return { ...told, headers: { ...told.headers, ...rate } }
}
