import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { addDays, earlierDate, taipeiDate } from '../market/taipei-time.js'
import type { TruthDay } from '../market/truth.js'
import { change, compact, count, parseCompact, price, rocSlash, rocYear } from './format.js'
import { publishedThrough } from './publication.js'

/** First date that the page answers for. */
const FLOOR = '2010-01-04'
/** From this date on, by the clock of the one who asks, every month has a tenth column. */
const NOTE_COLUMN_SINCE = '2025-12-01'
const NO_DATA = '很抱歉，沒有符合條件的資料!'

const fields = ['日期', '成交股數', '成交金額', '開盤價', '最高價', '最低價', '收盤價', '漲跌價差', '成交筆數']
const notes = [
  '符號說明:+/-/X表示漲/跌/不比價',
  '當日統計資訊含一般、零股、盤後定價、鉅額交易，不含拍賣、標購。',
  'ETF證券代號第六碼為K、M、S、C者，表示該ETF以外幣交易。',
  '權證證券代號可重複使用，權證顯示之名稱係目前存續權證之簡稱。',
]

/** One stock, one month: the new path and the old one answer alike. */
export const stockDay: readonly Route[] = [
  { path: '/rwd/zh/afterTrading/STOCK_DAY', answer: answerMonth },
  { path: '/exchangeReport/STOCK_DAY', answer: answerMonth },
]

function answerMonth({ query, truth, nowMs }: RouteRequest): Answer {
  const today = taipeiDate(nowMs)
  const asked = query.get('date')
  const date = asked === null ? today : parseCompact(asked)
  if (date === undefined) return jsonAnswer({ stat: NO_DATA, total: 0 })
  if (date > today) return jsonAnswer({ stat: '查詢日期大於今日，請重新查詢!', fields: [], data: [] })
  if (date < FLOOR) {
    return jsonAnswer({ stat: '查詢日期小於99年1月4日，請重新查詢!', date: compact(date), fields: [] })
  }
  const symbol = (query.get('stockNo') ?? '').trim()
  const listing = truth.listing(symbol)
  const first = `${date.slice(0, 7)}-01`
  const from = first < FLOOR ? FLOOR : first
  const end = addDays(first, 31).slice(0, 7).concat('-01')
  const through = addDays(publishedThrough(nowMs), 1)
  const days = listing === undefined ? [] : truth.days(symbol, from, earlierDate(end, through))
  if (listing === undefined || days.length === 0) return jsonAnswer({ stat: NO_DATA, total: 0 })

  const noted = today >= NOTE_COLUMN_SINCE
  return jsonAnswer({
    stat: 'OK',
    date: compact(date),
    title: `${rocYear(date)}年${date.slice(5, 7)}月 ${symbol} ${listing.name.padEnd(13, ' ')} 各日成交資訊`,
    fields: noted ? [...fields, '註記'] : fields,
    data: days.map((day) => (noted ? [...row(day), ''] : row(day))),
    notes,
    total: days.length,
  })
}

function row(day: TruthDay): string[] {
  const { open, high, low, close } = day
  const prices = [open, high, low, close].map((value) => (value === null ? '--' : price(value)))
  // Without a trade the change is told as nothing, not as "not comparable".
  const changed = close === null ? ' 0.00' : change(day.change)
  return [rocSlash(day.date), count(day.volumeShares), count(day.turnover), ...prices, changed, count(day.trades)]
}
