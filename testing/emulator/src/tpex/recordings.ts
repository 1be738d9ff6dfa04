import { join } from 'node:path'
import { joinRecordings, type Recordings, recordedPages } from '../recorded/recordings.js'

const afterTrading = '/www/zh-tw/afterTrading'

/** What was recorded of the exchange, by the question that each body answers. */
export function tpexRecordings(folder: string): Recordings {
  return joinRecordings([
    recordedPages(join(folder, 'samples'), [
      {
        question: `${afterTrading}/tradingStock?code=2926&date=2025/05/01`,
        file: 'tpex-tradingStock-2926-202505.json',
      },
    ]),
    recordedPages(join(folder, 'node-twstock'), [
      { question: `${afterTrading}/dailyQuotes?date=2023/01/30`, file: 'tpex-stocks-historical.json' },
      { question: `${afterTrading}/dailyQuotes?date=2023/01/01`, file: 'tpex-stocks-historical-no-data.json' },
      { question: `${afterTrading}/peQryDate?date=2023/01/30`, file: 'tpex-stocks-values.json' },
      { question: `${afterTrading}/peQryDate?date=2023/01/01`, file: 'tpex-stocks-values-no-data.json' },
    ]),
  ])
}
