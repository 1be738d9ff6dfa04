import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { compact, price, rocSlash } from '../twse/format.js'
import { fundamentalsOf } from '../twse/fundamentals.js'
import { publishedThrough } from '../twse/publication.js'
import { askedDate } from './asked-date.js'
import { tpexTruthOf } from './tpex-truth.js'

/** P/E, dividend, yield and P/B of all stocks on one day. */
export const priceEarnings: Route = { path: '/www/zh-tw/afterTrading/peQryDate', answer: answerDay }

const NAME_CHARACTERS = 16

function answerDay({ query, truth, nowMs }: RouteRequest): Answer {
  const market = tpexTruthOf(truth)
  const date = askedDate(query, nowMs)
  const stocks = date <= publishedThrough(nowMs) ? market.listings().filter(({ kind }) => kind === 'stock') : []
  const data = stocks.flatMap(({ symbol, name }) => {
    const day = market.day(symbol, date)
    if (day === undefined) return []
    const close = day.close ?? day.reference ?? 1
    const figures = fundamentalsOf(truth, symbol, date, close)
    return [
      [
        symbol,
        name.padEnd(NAME_CHARACTERS, ' '),
        figures.priceToEarnings === null ? 'N/A' : price(figures.priceToEarnings),
        price((figures.dividendYield / 100) * close),
        // A number among texts, as the exchange has it.
        figures.dividendYear,
        price(figures.dividendYield),
        price(figures.priceToBook),
      ],
    ]
  })
  const table = {
    title: '',
    date: rocSlash(date),
    totalCount: data.length,
    fields: ['股票代號', '公司名稱', '本益比', '每股股利', '股利年度', '殖利率(%)', '股價淨值比'],
    data,
    summary: [],
    notes: ['股價淨值比＝收盤價／每股淨值。'],
    stkCategory: '全部產業',
  }
  return jsonAnswer({ tables: [table], date: compact(date), stat: 'ok' })
}
