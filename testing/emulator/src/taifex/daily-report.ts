import { type Answer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { isDate } from '../market/taipei-time.js'
import { publishedThrough } from '../twse/publication.js'
import { createTaifexTruth, type TaifexDay, type TaifexTruth } from './taifex-truth.js'

const futuresHeader =
  '交易日期,契約,到期月份(週別),開盤價,最高價,最低價,收盤價,漲跌價,漲跌%,成交量,結算價,未沖銷契約數,最後最佳買價,最後最佳賣價,歷史最高價,歷史最低價,是否因訊息面暫停交易,交易時段,價差對單式委託成交量'
const optionsHeader =
  '交易日期,契約,到期月份(週別),履約價,買賣權,開盤價,最高價,最低價,收盤價,成交量,結算價,未沖銷契約數,最後最佳買價,最後最佳賣價,歷史最高價,歷史最低價,是否因訊息面暫停交易,交易時段,漲跌價,漲跌%'
const sessions = { day: '一般', night: '盤後' } as const

/** All contracts of some dates, both sessions: a form is sent, CSV in MS950 comes. */
export const dailyReports: readonly Route[] = [
  { path: '/cht/3/futDataDown', answer: report(futuresHeader, (truth, date) => truth.futures(date), futuresRow) },
  { path: '/cht/3/optDataDown', answer: report(optionsHeader, (truth, date) => truth.options(date), optionsRow) },
]

function report(
  header: string,
  daysOf: (truth: TaifexTruth, date: string) => readonly TaifexDay[],
  row: (date: string, day: TaifexDay) => readonly string[],
) {
  return ({ query, truth, nowMs }: RouteRequest): Answer => {
    const [start = '', end = ''] = ['queryStartDate', 'queryEndDate'].map((name) =>
      (query.get(name) ?? '').replaceAll('/', '-'),
    )
    if (!isDate(start) || !isDate(end)) return dateError()
    const told = createTaifexTruth(truth)
    const dates = truth.calendar.sessions(start, end).concat(truth.calendar.closure(end) === undefined ? [end] : [])
    const lines = dates
      .filter((date) => date <= publishedThrough(nowMs))
      .flatMap((date) => daysOf(told, date).map((day) => row(date.replaceAll('-', '/'), day)))
    const text = [header, ...lines.map((cells) => cells.join(',')), ''].join('\r\n')
    return textAnswer(text, 'text/csv;charset=MS950', { charset: 'big5' })
  }
}

/** The exchange says so in a page whose script shows a box. */
function dateError(): Answer {
  return textAnswer(
    '<html><head><script>alert("日期時間錯誤 DateTime error");history.back();</script></head></html>',
    'text/html;charset=utf-8',
  )
}

/** One cell more than the header names: a line ends with a comma, the header does not. */
function futuresRow(date: string, day: TaifexDay): string[] {
  const { contract, session, close, open } = day
  const change = close === null || open === null || contract.kind === 'spread' ? '-' : number(close - open)
  const percent = change === '-' || open === null ? '-' : `${((100 * Number(change)) / open).toFixed(2)}%`
  return [
    date,
    contract.product,
    contract.month.padEnd(contract.kind === 'spread' ? 17 : 8),
    ...pricesOf(day),
    change,
    percent,
    String(day.lots),
    ...endOfDay(day),
    '',
    sessions[session],
    contract.kind === 'spread' ? String(Math.floor(day.lots / 2)) : '',
    '',
  ]
}

function optionsRow(date: string, day: TaifexDay): string[] {
  const { contract, session, open, close } = day
  return [
    date,
    contract.product,
    contract.month.padEnd(8),
    (contract.strike ?? 0).toFixed(4),
    contract.right === 'call' ? '買權' : '賣權',
    ...pricesOf(day),
    String(day.lots),
    ...endOfDay(day),
    '',
    sessions[session],
    close === null || open === null ? '-' : number(close - open),
    '-',
    '',
  ]
}

function pricesOf({ open, high, low, close }: TaifexDay): string[] {
  return [open, high, low, close].map((price) => (price === null ? '-' : number(price)))
}

/** Settlement, open interest, the best prices at the end, the highest and lowest ever. */
function endOfDay({ settlement, openInterest, close, high, low }: TaifexDay): string[] {
  return [settlement, openInterest, close, close, high, low].map((value) => (value === null ? '-' : number(value)))
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100)
}
