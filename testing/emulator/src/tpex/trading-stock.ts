import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { addDays, earlierDate } from '../market/taipei-time.js'
import type { TruthDay } from '../market/truth.js'
import { compact, count, price, rocSlash, rocYear } from '../twse/format.js'
import { publishedThrough } from '../twse/publication.js'
import { askedDate } from './asked-date.js'
import { tpexTruthOf } from './tpex-truth.js'

/** One stock, one month, in thousands of shares and of TWD. */
export const tradingStock: Route = { path: '/www/zh-tw/afterTrading/tradingStock', answer: answerMonth }

/** Stocks count lots, funds units: the column is named after it. */
const volumeTitles = { stock: '張數', etf: '仟股', warrant: '仟股' } as const

function answerMonth({ query, truth, nowMs }: RouteRequest): Answer {
  const market = tpexTruthOf(truth)
  const code = query.get('code') ?? ''
  const date = askedDate(query, nowMs)
  const listing = market.listing(code)
  const head = { date: compact(date), code }
  const foot = { showListPriceNote: false, showListPriceLink: false }
  if (listing === undefined) return jsonAnswer({ tables: [], ...head, name: '', ...foot, stat: 'ok' })

  const start = `${date.slice(0, 7)}-01`
  const end = earlierDate(`${addDays(start, 31).slice(0, 7)}-01`, addDays(publishedThrough(nowMs), 1))
  const days = market.days(code, start, end)
  const volumeTitle = volumeTitles[listing.kind]
  const month = `${rocYear(date)}年${date.slice(5, 7)}月`
  const table = {
    title: '個股日成交資訊',
    subtitle: `${code} ${listing.name} ${month}`,
    date: compact(date),
    data: days.map((day) => rowOf(day, listing.listed)),
    fields: ['日 期', `成交${volumeTitle}`, '成交仟元', '開盤', '最高', '最低', '收盤', '漲跌', '筆數'],
    notes: ['以上資料不含上櫃股票鉅額交易'],
    totalCount: days.length,
    summary: [],
  }
  return jsonAnswer({ tables: [table], ...head, name: listing.name, ...foot, flagField: volumeTitle, stat: 'ok' })
}

/** No plus before a rise; a star behind the first day of a listing. */
function rowOf(day: TruthDay, listed: string): string[] {
  const { open, high, low, close, change } = day
  const prices = [open, high, low, close].map((value) => (value === null ? '---' : price(value)))
  return [
    `${rocSlash(day.date)}${day.date === listed ? '＊' : ''}`,
    count(Math.round(day.volumeShares / 1_000)),
    count(Math.round(day.turnover / 1_000)),
    ...prices,
    close === null ? '---' : (change ?? 0).toFixed(2),
    count(day.trades),
  ]
}
