import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { taipeiDate } from '../market/taipei-time.js'
import { compact, parseCompact, price, rocWords } from './format.js'
import { fundamentalsOf } from './fundamentals.js'
import { publishedThrough } from './publication.js'

/** From this date on, by the clock of the one who asks, the closing price stands third, for old days too. */
const CLOSE_COLUMN_SINCE = '2026-01-01'

/** Yield, P/E and P/B of all stocks on one day. */
export const valuations: readonly Route[] = [
  { path: '/rwd/zh/afterTrading/BWIBBU_d', answer: answerDay },
  { path: '/exchangeReport/BWIBBU_d', answer: answerDay },
]

function answerDay({ query, truth, nowMs }: RouteRequest): Answer {
  const date = parseCompact(query.get('date') ?? compact(taipeiDate(nowMs)))
  const selectType = query.get('selectType') ?? 'ALL'
  const stocks = truth.listings().filter(({ kind }) => kind === 'stock')
  const days =
    date === undefined || date > publishedThrough(nowMs)
      ? []
      : stocks.flatMap(({ symbol, name }) => {
          const day = truth.day(symbol, date)
          return day === undefined ? [] : [{ symbol, name, day }]
        })
  if (date === undefined || days.length === 0) {
    return jsonAnswer({ stat: '很抱歉，沒有符合條件的資料!', total: 0 })
  }
  const withClose = taipeiDate(nowMs) >= CLOSE_COLUMN_SINCE
  const data = days.map(({ symbol, name, day }) => {
    const close = day.close ?? day.reference ?? 1
    const figures = fundamentalsOf(truth, symbol, date, close)
    return [
      symbol,
      name,
      ...(withClose ? [day.close === null ? '-' : price(day.close)] : []),
      price(figures.dividendYield),
      // A number among texts, as the exchange has it.
      figures.dividendYear,
      figures.priceToEarnings === null ? '-' : price(figures.priceToEarnings),
      price(figures.priceToBook),
      figures.reportQuarter,
    ]
  })
  return jsonAnswer({
    stat: 'OK',
    date: compact(date),
    title: `${rocWords(date)} 個股日本益比、殖利率及股價淨值比`,
    fields: [
      '證券代號',
      '證券名稱',
      ...(withClose ? ['收盤價'] : []),
      '殖利率(%)',
      '股利年度',
      '本益比',
      '股價淨值比',
      '財報年/季',
    ],
    data,
    selectType,
    total: data.length,
  })
}
