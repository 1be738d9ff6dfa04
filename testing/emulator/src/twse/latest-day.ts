import { type Answer, jsonAnswer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { rocCompact } from './format.js'
import { latestSession } from './publication.js'

/** All securities of the latest published day: bare JSON of strings, and CSV with a byte order mark. */
export const latestDay: readonly Route[] = [
  { path: '/v1/exchangeReport/STOCK_DAY_ALL', answer: (request) => jsonAnswer(rowsOf(request)) },
  { path: '/exchangeReport/STOCK_DAY_ALL', answer: answerCsv },
]

interface Row {
  readonly Date: string
  readonly Code: string
  readonly Name: string
  readonly TradeVolume: string
  readonly TradeValue: string
  readonly OpeningPrice: string
  readonly HighestPrice: string
  readonly LowestPrice: string
  readonly ClosingPrice: string
  readonly Change: string
  readonly Transaction: string
}

const csvHeader = '日期,證券代號,證券名稱,成交股數,成交金額,開盤價,最高價,最低價,收盤價,漲跌價差,成交筆數'

function rowsOf({ truth, nowMs }: RouteRequest): Row[] {
  const date = latestSession(truth, nowMs)
  if (date === undefined) return []
  const rows = truth.listings().flatMap(({ symbol, name, kind }): Row[] => {
    const day = kind === 'warrant' ? undefined : truth.day(symbol, date)
    if (day === undefined) return []
    // No commas; nothing at all where nothing traded.
    const plain = (value: number | null) => (value === null ? '' : value.toFixed(2))
    return [
      {
        Date: rocCompact(date),
        Code: symbol,
        Name: name,
        TradeVolume: String(day.volumeShares),
        TradeValue: String(day.turnover),
        OpeningPrice: plain(day.open),
        HighestPrice: plain(day.high),
        LowestPrice: plain(day.low),
        ClosingPrice: plain(day.close),
        Change: (day.change ?? 0).toFixed(4),
        Transaction: String(day.trades),
      },
    ]
  })
  return rows.sort((a, b) => (a.Code < b.Code ? -1 : 1))
}

function answerCsv(request: RouteRequest): Answer {
  const lines = rowsOf(request).map((row) =>
    Object.values(row)
      .map((cell) => `"${cell}"`)
      .join(','),
  )
  const text = `\uFEFF${[csvHeader, ...lines].join('\r\n')}\r\n`
  return textAnswer(text, 'text/csv;charset=utf-8', {
    headers: { 'content-disposition': 'attachment; filename=STOCK_DAY_ALL.csv' },
  })
}
