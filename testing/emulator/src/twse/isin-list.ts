import { type Answer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import type { Listing, SecurityKind } from '../market/listings.js'
import { taipeiDate } from '../market/taipei-time.js'
import { tpexTruthOf } from '../tpex/tpex-truth.js'

/** All listed securities with their ISIN, HTML in MS950; mode 2 is this exchange, mode 4 TPEx, the other markets are empty. */
export const isinList: readonly Route[] = [{ path: '/isin/C_public.jsp', answer: answerList }]

/** In the order of the page. */
const sections: readonly (readonly [SecurityKind, string])[] = [
  ['stock', '股票'],
  ['warrant', '認購(售)權證'],
  ['preferred', '特別股'],
  ['etf', 'ETF'],
  ['tdr', '臺灣存託憑證(TDR)'],
]
const header = ['有價證券代號及名稱 ', '國際證券辨識號碼(ISIN Code)', '上市日', '市場別', '產業別', 'CFICode', '備註']

function answerList({ query, truth, nowMs }: RouteRequest): Answer {
  const today = taipeiDate(nowMs)
  const mode = query.get('strMode')
  const market = mode === '4' ? '上櫃' : '上市'
  const all = mode === '2' ? truth.listings() : mode === '4' ? tpexTruthOf(truth).listings() : []
  const listed = all.filter((one) => one.listed <= today && (one.delisted === null || one.delisted > today))
  const rows = sections.flatMap(([kind, title]) => section(title, listed, kind, market))
  const text = `<link rel="stylesheet" href="http://isin.twse.com.tw/isin/style1.css" type="text/css">
<body><table  align=center><h2><strong><font class='h1'>本國${market}證券國際證券辨識號碼一覽表</font></strong></h2><h2><strong><font class='h1'><center>最近更新日期:${today.replaceAll('-', '/')}  </center> </font></strong></h2><h2><font color='red'><center>掛牌日以正式公告為準</center></font></h2></table>
<TABLE class='h4' align=center cellSpacing=3 cellPadding=2 width=750 border=0>
<tr align=center>${header.map((cell) => `<td bgcolor=#D5FFD5>${cell}</td>`).join('')}</tr>
${rows.join('\n')}
</table></body>
`
  return textAnswer(text, 'text/html;charset=MS950', { charset: 'big5' })
}

function section(title: string, listed: readonly Listing[], kind: SecurityKind, market: string): string[] {
  const rows = listed.filter((one) => one.kind === kind)
  if (rows.length === 0) return []
  return [
    `<tr><td bgcolor=#FAFAD2 colspan=7 ><B> ${kind === 'warrant' ? market : ''}${title} <B> </td></tr>`,
    ...rows.map(({ symbol, name, isin, listed: since, industry, cfi }) => {
      // An ideographic space parts code and name.
      const cells = [`${symbol}\u3000${name}`, isin, since.replaceAll('-', '/'), market, industry, cfi, '']
      return `<tr>${cells.map((cell) => `<td bgcolor=#FAFAD2>${cell}</td>`).join('')}</tr>`
    }),
  ]
}
