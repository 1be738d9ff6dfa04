import { type Answer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { taipeiClock, taipeiDate } from '../market/taipei-time.js'
import { count, rocSlash } from '../twse/format.js'
import { type Company, createMopsTruth, type MopsTruth, monthAfter } from './mops-truth.js'

/** Revenue of a month: domestic companies on page 0, foreign ones on page 1, the month without a leading zero. */
export const revenuePage: Route = {
  path: /^\/nas\/t21\/(sii|otc)\/t21sc03_(\d{2,3})_([1-9]|1[0-2])_([01])\.html$/,
  answer: answerMonth,
}

const markets = {
  sii: { exchange: 'TWSE', title: '上市' },
  otc: { exchange: 'TPEX', title: '上櫃' },
} as const

/** Notes that companies write; some characters are not in MS950 and come as entities. */
const remarks = ['-', '-', '-', '無。', '本月認列建案營收', '新廠&#22531;量產']

function answerMonth({ captures, truth, nowMs }: RouteRequest): Answer {
  const [folder, year = '', number = '', page] = captures
  const { exchange, title } = markets[folder === 'otc' ? 'otc' : 'sii']
  const month = `${Number(year) + 1911}-${number.padStart(2, '0')}`
  const mops = createMopsTruth(truth)
  const today = taipeiDate(nowMs)
  const companies = mops
    .companies(exchange, month)
    .filter(({ symbol, isForeign }) => isForeign === (page === '1') && mops.reportedOn(symbol, month) <= today)
  const head = `<html><script src='/nocopy.js'></script><head><style text='text/css'><!--	.tt	{color:#000099;font-weight:normal;font-size:10pt} --> </style><meta http-equiv='Content-Type' content='text/html;charset=big5'></head><body><center><font size='5'><b>${title}公司${year}年${number}月份(累計與當月)營業收入統計表</b></font><h3>本資料由各公司提供</h3>`
  const body =
    companies.length === 0
      ? '<br><h3 align=center>查無資料</h3>'
      : `<div class=tt style='width:100%;text-align:left;'>出表日期：${rocSlash(today)}<!--${taipeiClock(nowMs)}--></div><table border=0 width=100%><tr><td>${tablesOf(mops, month, companies)}</td></tr></table>${totalOf(mops, month, title, companies)}`
  return textAnswer(`${head}${body}</body></html>`, 'text/html;charset=big5', { charset: 'big5' })
}

/** One table in a cell of another for each industry. */
function tablesOf(mops: MopsTruth, month: string, companies: readonly Company[]): string {
  const industries = [...new Set(companies.map(({ industry }) => industry))]
  return industries
    .map((industry) => {
      const ours = companies.filter((company) => company.industry === industry)
      const rows = ours.map(({ symbol, name }) => {
        const cells = figuresOf(mops, month, [symbol]).map((cell) => `<td nowrap>${cell.padStart(23, ' ')}</td>`)
        const remark = remarks[Number(symbol) % remarks.length] ?? '-'
        return `<tr align=right><td align=center>${symbol}</td><td align=left>${name}</td>${cells.join('')}<td align=${remark === '-' ? 'center' : 'left'}>${remark}</td></tr>`
      })
      const sum = sumRow(mops, month, '合計', ours, '<td>&nbsp;</td>')
      return `<br><table border=0 width=100%><tr><th class=tt align=left >產業別：${industry}</th><th class=tt align=right >單位：千元</th></tr><tr><td colspan=2>${header('<th rowspan=2 class=tt>備註</th>')}${rows.join('')}${sum}</table></td></tr></table>`
    })
    .join('')
}

function totalOf(mops: MopsTruth, month: string, title: string, companies: readonly Company[]): string {
  const origin = companies.some(({ isForeign }) => isForeign) ? '國外' : '國內'
  const remark = '<!-- <th rowspan=2 class=tt>備註</th> -->'
  return `${header(remark)}${sumRow(mops, month, `全部${origin}${title}公司合計`, companies, '')}</table>`
}

/** Two rows: the first spans groups of columns, and the remark at the end spans both. */
function header(remark: string): string {
  const titles = [
    '公司<br>代號',
    '公司名稱',
    '當月營收',
    '上月營收',
    '去年當月營收',
    '上月比較<br>增減(%)',
    '去年同月<br>增減(%)',
    '當月累計營收',
    '去年累計營收',
    '前期比較<br>增減(%)',
  ]
  return `<table  width=100% border=5 bordercolor='#FF6600' bgcolor='#FFFFFF'><tr><th class=tt colspan=2>&nbsp;</th><th class=tt colspan=5 >營業收入</th><th class=tt colspan=3 >累計營業收入</th>${remark}</tr><tr>${titles.map((name) => `<th class=tt>${name}</th>`).join('')}</tr>`
}

function sumRow(mops: MopsTruth, month: string, title: string, companies: readonly Company[], remark: string): string {
  const symbols = companies.map(({ symbol }) => symbol)
  const cells = figuresOf(mops, month, symbols).map((cell) => `<td nowrap>${cell.padStart(27, ' ')}</td>`)
  return `<tr align=right><th class=tt nowrap colspan=2 align=center>${title}</th>${cells.join('')}${remark}</tr>`
}

/** The eight figures of a row, of one company or of several together. */
function figuresOf(mops: MopsTruth, month: string, symbols: readonly string[]): string[] {
  const sum = (of: (symbol: string) => number) => symbols.reduce((total, symbol) => total + of(symbol), 0)
  const yearBefore = monthAfter(month, -12)
  const now = sum((symbol) => mops.revenue(symbol, month))
  const before = sum((symbol) => mops.revenue(symbol, monthAfter(month, -1)))
  const then = sum((symbol) => mops.revenue(symbol, yearBefore))
  const toDate = sum((symbol) => mops.revenueToDate(symbol, month))
  const thenToDate = sum((symbol) => mops.revenueToDate(symbol, yearBefore))
  return [
    ...[now, before, then].map(count),
    ...[change(now, before), change(now, then)],
    ...[toDate, thenToDate].map(count),
    change(toDate, thenToDate),
  ]
}

/** Percent; nothing where there is nothing to compare with. */
function change(now: number, before: number): string {
  return before === 0 ? '' : (((now - before) / before) * 100).toFixed(2)
}
