import { join } from 'node:path'
import { joinRecordings, type Recordings, recordedPages } from '../recorded/recordings.js'

const rwd = '/rwd/zh'

/** What was recorded of the exchange, by the question that each body answers. */
export function twseRecordings(folder: string): Recordings {
  return joinRecordings([
    recordedPages(join(folder, 'samples'), [
      { question: `${rwd}/afterTrading/STOCK_DAY?date=20241109&stockNo=2330`, file: 'twse-STOCK_DAY-2330-202411.json' },
      { question: '/exchangeReport/STOCK_DAY?date=20241109&stockNo=2330', file: 'twse-STOCK_DAY-2330-202411.json' },
    ]),
    recordedPages(join(folder, 'node-twstock'), [
      { question: `${rwd}/afterTrading/MI_INDEX?date=20230130&type=ALLBUT0999`, file: 'twse-stocks-historical.json' },
      { question: `${rwd}/afterTrading/MI_INDEX?date=20230130&type=MS`, file: 'twse-market-breadth.json' },
      { question: `${rwd}/afterTrading/MI_INDEX?date=20230101&type=MS`, file: 'twse-market-breadth-no-data.json' },
      { question: `${rwd}/afterTrading/BWIBBU_d?date=20230130&selectType=ALL`, file: 'twse-stocks-values.json' },
      { question: `${rwd}/fund/T86?date=20230130&selectType=ALLBUT0999`, file: 'twse-stocks-institutional.json' },
      { question: `${rwd}/TAIEX/MI_5MINS_INDEX?date=20230130`, file: 'twse-indices-historical.json' },
    ]),
  ])
}
