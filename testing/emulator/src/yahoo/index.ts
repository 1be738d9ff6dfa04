import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { chart } from './chart.js'
import { yahooRecordings } from './recordings.js'
import { search } from './search.js'

/** Yahoo Finance, its hosts query1 and query2: charts and search of Taiwanese instruments. */
export const yahoo: Upstream = {
  id: 'yahoo',
  // Yahoo publishes no number; 2,000 an hour and ten minutes of refusal are assumptions.
  limits: [{ requests: 2_000, perMs: 3_600_000, banMs: 600_000 }],
  // Plain text, not JSON.
  refuse: () => textAnswer('Too Many Requests\r\n', 'text/plain', { status: 429 }),
  recordings: yahooRecordings,
  captchaPage: () =>
    textAnswer('<!DOCTYPE html><html><body><h1>Will be right back...</h1></body></html>', 'text/html;charset=utf-8'),
  routes: [chart, search],
}
