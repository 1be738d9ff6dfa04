import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { dailyReports } from './daily-report.js'
import { taifexRecordings } from './recordings.js'
import { tickFiles } from './tick-files.js'

/** The Taiwan Futures Exchange: daily reports and files of matches. */
export const taifex: Upstream = {
  id: 'taifex',
  // Neither a limit nor a ban of its site is known: those of the stock exchange are an assumption.
  limits: [{ requests: 3, perMs: 5_000, banMs: 600_000 }],
  refuse: () => wall(),
  recordings: taifexRecordings,
  captchaPage: () => wall(),
  routes: [...dailyReports, tickFiles],
}

function wall() {
  return textAnswer('<html><body><h1>403 Forbidden</h1>Request blocked.</body></html>', 'text/html', { status: 403 })
}
