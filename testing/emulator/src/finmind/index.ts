import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { levelOf, login, refuseOverQuota, requestsPerHour, tokenOf, userInfo } from './account.js'
import { data } from './data.js'

const MS_PER_HOUR = 3_600_000
const BAN_MS = 1_800_000

/** FinMind v4, and the host of its accounts, whose paths do not collide. */
export const finmind: Upstream = {
  id: 'finmind',
  limits: (['register', 'free', 'sponsor'] as const).map((level) => ({
    requests: requestsPerHour[level],
    perMs: MS_PER_HOUR,
    banMs: BAN_MS,
    holdsFor: (caller: string) => (levelOf(caller) ?? 'register') === level,
  })),
  refuse: refuseOverQuota,
  captchaPage: () => textAnswer('<html><body>Just a moment...</body></html>', 'text/html', { status: 403 }),
  credentialOf: (url, { authorization }) => tokenOf(url, String(authorization ?? '')),
  routes: [data, login, userInfo],
}
