import { type Answer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { addDays, isDate } from '../market/taipei-time.js'
import { publishedThrough } from '../twse/publication.js'
import type { Contract } from './contracts.js'
import { createTaifexTruth, type TaifexTick } from './taifex-truth.js'

const FILES_KEPT = 30
const header = '成交日期,商品代號,到期月份(週別),成交時間,成交價格,成交數量(B+S),近月價格,遠月價格,開盤集合競價'

/** Every match of a date, the night before it included, as a zip of CSV in MS950; of the last 30 sessions. */
export const tickFiles: Route = {
  path: /^\/file\/taifex\/Dailydownload\/DailydownloadCSV\/Daily_(\d{4})_(\d{2})_(\d{2})\.zip$/,
  answer: answerFile,
}

function answerFile({ captures, truth, nowMs }: RouteRequest): Answer {
  const date = captures.join('-')
  const through = publishedThrough(nowMs)
  const kept = truth.calendar.sessions(addDays(through, -120), addDays(through, 1)).slice(-FILES_KEPT)
  if (!isDate(date) || !kept.includes(date)) return notFound()
  const lines = createTaifexTruth(truth)
    .ticks(date)
    .map(({ contract, tick }) => lineOf(contract, tick))
  return textAnswer([header, ...lines, ''].join('\r\n'), 'application/zip', {
    charset: 'big5',
    zipAs: `Daily_${captures.join('_')}.csv`,
  })
}

/** What the exchange's page says is not known, only that it is HTML. */
function notFound(): Answer {
  return textAnswer('<html><body><h1>查無此檔案</h1><p>File not found</p></body></html>', 'text/html;charset=utf-8')
}

/** Blanks pad the first cells; the volume counts the buyer and the seller. */
function lineOf({ product, month, kind }: Contract, { date, second, price, lots }: TaifexTick): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const time = `${two(Math.floor(second / 3_600))}${two(Math.floor(second / 60) % 60)}${two(second % 60)}`
  const legs = kind === 'spread' ? [String(price + 15_000), '15000'] : ['-', '-']
  const cells = [
    date.replaceAll('-', ''),
    product.padEnd(7),
    month.padEnd(11),
    time,
    String(price),
    String(2 * lots),
    ...legs,
    ' ',
  ]
  return cells.join(',')
}
