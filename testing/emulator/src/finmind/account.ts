import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Offence } from '../http/arrival-limit.js'
import type { Route, RouteRequest } from '../http/upstream.js'

export type Level = 'register' | 'free' | 'sponsor'

/** What callers without a token are told apart by: nothing. */
export const ANONYMOUS = 'anonymous'

/** Requests an hour by level. That of a sponsor is an assumption. */
export const requestsPerHour = { register: 300, free: 600, sponsor: 6_000 } as const satisfies Record<Level, number>

/** Refusals after which an address is banned; the real number is not known. */
const REFUSALS_MAX = 10
const tokenShape = /^(free|sponsor)-.+$/

/** The token of a question: a parameter, or a bearer of the header. */
export function tokenOf(url: URL, authorization: string | undefined): string {
  return url.searchParams.get('token') ?? /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? ANONYMOUS
}

/** The level of a caller; undefined for a token that nobody was given. */
export function levelOf(credential: string): Level | undefined {
  if (credential === ANONYMOUS) return 'register'
  const level = tokenShape.exec(credential)?.[1]
  return level === 'free' || level === 'sponsor' ? level : undefined
}

/** Users whose name begins with `sponsor` are sponsors; any password will do but an empty one. */
export const login: Route = {
  path: '/api/v4/login',
  answer({ query }) {
    const user = query.get('user_id') ?? ''
    if (user === '' || (query.get('password') ?? '') === '') return refusal('Your id or password is wrong.', 400)
    return jsonAnswer({
      msg: 'success',
      status: 200,
      token: `${user.startsWith('sponsor') ? 'sponsor' : 'free'}-${user}`,
    })
  },
}

export const userInfo: Route = {
  path: '/v2/user_info',
  answer({ credential, used }: RouteRequest) {
    const level = levelOf(credential)
    if (level === undefined || level === 'register') return refusal('Token is illegal.', 400)
    return jsonAnswer({
      msg: 'success',
      status: 200,
      user_id: credential.slice(level.length + 1),
      user_count: used,
      api_request_limit: requestsPerHour[level],
    })
  },
}

/** Over the quota 402; who goes on asking is banned by its address. No header tells a rate. */
export function refuseOverQuota({ count }: Offence): Answer {
  if (count > REFUSALS_MAX) return jsonAnswer({ msg: 'ip banned', status: 403 }, { status: 403 })
  return refusal('Requests reach the upper limit. https://finmindtrade.com/', 402)
}

/** The status stands in the body, and not always in the head as well. */
export function refusal(msg: string, status: number, headStatus = status): Answer {
  return jsonAnswer({ msg, status, token_tail: '' }, { status: headStatus })
}
