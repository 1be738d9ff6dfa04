import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { refusal } from './data.js'
import { openServer } from './server.js'

const MS_PER_DAY = 86_400_000

/** The HTTP server of Shioaji, which runs beside its user; a session of limits is taken for any 24 hours. */
export const shioaji: Upstream = {
  id: 'shioaji',
  limits: [
    { requests: 50, perMs: 5_000, banMs: 0 },
    { requests: 270, perMs: MS_PER_DAY, banMs: 0, path: '/api/v1/data/kbars' },
    { requests: 10, perMs: MS_PER_DAY, banMs: 0, path: '/api/v1/data/ticks' },
  ],
  refuse: () => refusal(503, '操作異常，請1分鐘後再重新登入'),
  captchaPage: () => textAnswer('<html><body>Just a moment...</body></html>', 'text/html', { status: 403 }),
  // Whoever asks it does so with one login.
  credentialOf: () => 'login',
  routes: [],
  connections: openServer,
}
