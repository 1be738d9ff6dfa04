import { type Answer, textAnswer } from '../http/answer.js'
import type { Offence } from '../http/arrival-limit.js'
import type { Refusal } from '../http/upstream.js'

const PAGE_PATH = '/page/security.html'

/** Requests of a banned caller that still get a status; the later ones get no answer at all. */
const ANSWERED_MAX = 3

/**
 * How the exchange's firewall treats a caller that asks too often, one step further with each request: sent to a page
 * for people, then 428, then silence until the ban is over.
 */
export function refuseAtWall({ count }: Offence, path: string): Refusal {
  const page = securityPage(307)
  if (count === 1) return { ...page, headers: { ...page.headers, location: PAGE_PATH } }
  if (count > ANSWERED_MAX) return 'drop'
  return securityPage(path === PAGE_PATH ? 200 : 428)
}

export function securityPage(status: number): Answer {
  return textAnswer(page, 'text/html; charset=utf-8', { status })
}

export const securityPageRoute = { path: PAGE_PATH, answer: () => securityPage(200) }

const page = `<!DOCTYPE html>
<html lang="zh-Hant">
<head><meta charset="utf-8"><title>因為安全性考量，您所執行的頁面無法呈現</title></head>
<body style="text-align:center">
<h2>因為安全性考量，您所執行的頁面無法呈現。</h2>
<h2>FOR SECURITY REASONS, THIS PAGE CAN NOT BE ACCESSED!</h2>
<p>若您需要大量取得交易資訊，請洽本公司資訊使用相關單位。請稍後再試，或與網站管理人員聯絡並提供下列代碼。</p>
<p>Please try again later, or contact the administrator of this site and provide the support ID shown on this page.</p>
<p><a href="javascript:history.back();">回上一頁 Go back</a></p>
</body>
</html>
`
