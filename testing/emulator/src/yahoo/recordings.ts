import { join } from 'node:path'
import { joinRecordings, type Recordings, recordedExchanges, recordedPages } from '../recorded/recordings.js'

/** What was recorded of Yahoo: charts of foreign symbols and searches, and one chart of Taiwan. */
export function yahooRecordings(folder: string): Recordings {
  return joinRecordings([
    recordedPages(join(folder, 'samples'), [
      { question: '/v8/finance/chart/2344.TW?interval=1d&range=10d', file: 'yahoo-2344.TW-range10d-1d.json' },
    ]),
    recordedExchanges(join(folder, 'yahoo'), /^\/v(8\/finance\/chart|1\/finance\/search)/),
  ])
}
