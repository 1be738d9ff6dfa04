import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { wholeOf } from '../market/noise.js'
import { addDays } from '../market/taipei-time.js'
import { dailyLimitsCents, tickCentsAt } from '../market/tick-size.js'
import type { TruthDay } from '../market/truth.js'
import { compact, count, price, rocSlash } from '../twse/format.js'
import { publishedThrough } from '../twse/publication.js'
import { askedDate } from './asked-date.js'
import { type TpexListing, type TpexTruth, tpexTruthOf } from './tpex-truth.js'

/** All securities of one day, warrants included. */
export const dailyQuotes: Route = { path: '/www/zh-tw/afterTrading/dailyQuotes', answer: answerDay }

const fields = [
  '代號',
  '名稱',
  '收盤',
  '漲跌',
  '開盤',
  '最高',
  '最低',
  '均價',
  '成交股數',
  '成交金額(元)',
  '成交筆數',
  '最後買價',
  '最後買量(千股)',
  '最後賣價',
  '最後賣量(千股)',
  '發行股數',
  '次日 參考價',
  '次日 漲停價',
  '次日 跌停價',
]
const notes = [
  '認購(售)權證標的物若當日遇除權息時，該權證行使比例之異動資料尚未更新，故次日參考價資料係以異動前之行使比例計算僅供參考, 請直接於次一營業日查詢本中心網站-->衍生性金融商品 -->認購(售)權證 -->權證資訊-->權證收盤行情下之參考價資料',
  '--- : 個股當日無交易時，以此符號表示開市價、最高價、最低價、收盤價、漲跌價',
]
/** How a security without a daily limit says so. */
const NO_LIMIT = ['9999.95', '0.01'] as const

function answerDay({ query, truth, nowMs }: RouteRequest): Answer {
  const market = tpexTruthOf(truth)
  const date = askedDate(query, nowMs)
  const days = market.listings().flatMap((listing) => {
    const day = date <= publishedThrough(nowMs) ? market.day(listing.symbol, date) : undefined
    return day === undefined ? [] : [{ listing, day, row: rowOf(market, truth.seed, listing, day) }]
  })
  const main = days.filter(({ listing }) => !listing.isSupervised)
  const sum = (of: (day: TruthDay) => number) => count(main.reduce((total, { day }) => total + of(day), 0))
  const companies = String(main.filter(({ listing }) => listing.kind === 'stock').length)
  const [turnover, shares, trades] = [
    sum((day) => day.turnover),
    sum((day) => day.volumeShares),
    sum((day) => day.trades),
  ]
  const supervised = days.filter(({ listing }) => listing.isSupervised).map(({ row }) => row)
  return jsonAnswer({
    date: compact(date),
    tables: [
      {
        title: '上櫃股票行情',
        subtitle: `上櫃家數: ${companies}家&nbsp;&nbsp;&nbsp;總成交金額: ${turnover}元&nbsp;&nbsp;&nbsp;總成交股數: ${shares}股&nbsp;&nbsp;&nbsp;總成交筆數: ${trades}筆`,
        date: rocSlash(date),
        listedCompanies: companies,
        totalTradingAmount: turnover,
        totalTradingShares: shares,
        // Misspelt by the exchange itself.
        totalTranscations: trades,
        totalCount: main.length,
        fields,
        data: main.map(({ row }) => row),
        notes: [],
      },
      { title: '管理股票', subtitle: '', totalCount: supervised.length, fields, data: supervised, notes },
    ],
    stat: 'ok',
  })
}

/** The close comes first, texts of nothing have a blank before or behind them. */
function rowOf(market: TpexTruth, seed: number, { symbol, name, kind }: TpexListing, day: TruthDay): string[] {
  const { open, high, low, close, reference, volumeShares, turnover, trades } = day
  const base = close ?? reference ?? 0
  const cents = Math.round(base * 100)
  const limits = dailyLimitsCents(cents, kind === 'etf')
  const [up, down] = kind === 'etf' ? NO_LIMIT : [limits.up, limits.down].map((limit) => price(limit / 100))
  const tick = tickCentsAt(cents, kind === 'etf') / 100
  const lots = (side: string) => count(wholeOf(0, 500, seed, 'tpex', symbol, day.date, side))
  return [
    symbol,
    name,
    close === null ? ' ---' : price(close),
    changeOf(market, day),
    ...[open, high, low].map((value) => (value === null ? '---' : price(value))),
    price(volumeShares === 0 ? base : turnover / volumeShares),
    count(volumeShares),
    count(turnover),
    count(trades),
    price(base),
    lots('bid'),
    price(base + tick),
    lots('ask'),
    count(1_000 * wholeOf(10_000, 400_000, seed, 'tpex', symbol, 'issued')),
    price(base),
    up ?? '',
    down ?? '',
  ]
}

/** A word on the day on which a dividend goes off; a blank behind falls and behind no change. */
function changeOf(market: TpexTruth, { symbol, date, close, change }: TruthDay): string {
  if (close === null) return '--- '
  if (market.dividends(symbol, date, addDays(date, 1)).length > 0) return '除息 '
  if (change === null || change === 0) return '0.00 '
  return change > 0 ? `+${price(change)}` : `-${price(-change)} `
}
