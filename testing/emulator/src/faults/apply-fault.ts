import { type Answer, type Charset, decodeText, encodeText, textAnswer } from '../http/answer.js'
import type { Refusal, Upstream } from '../http/upstream.js'
import type { Fault } from './fault.js'
import { reshape } from './reshape.js'

/** The answer that a fault leaves. `cut`, `trickle` and `clock-skew` leave it whole: they strike elsewhere. */
export function applyFault(fault: Fault, answer: Answer, upstream: Upstream): Refusal {
  switch (fault.kind) {
    case 'cut':
    case 'trickle':
    case 'clock-skew':
      return answer
    case 'drop':
      return 'drop'
    case 'empty':
      return { ...answer, body: new Uint8Array() }
    case 'status':
      return textAnswer(`<html><body><h1>${fault.status}</h1></body></html>`, 'text/html', { status: fault.status })
    case 'html':
      return textAnswer(maintenancePage, 'text/html;charset=utf-8')
    case 'captcha':
      return upstream.captchaPage()
    case 'charset':
      return inWrongCharset(answer)
    case 'column-added':
    case 'column-moved':
    case 'duplicate-rows': {
      const text = reshape(decodeText(answer.body, answer.charset), fault.kind, fault.rows)
      return { ...answer, body: encodeText(text, answer.charset) }
    }
  }
}

const maintenancePage = `<!DOCTYPE html>
<html><head><title>系統維護中</title></head>
<body><h1>系統維護中，請稍後再試</h1><p>Will be right back...</p></body></html>
`

/** The headers stay, the bytes are those of the other encoding. */
function inWrongCharset(answer: Answer): Answer {
  const charset: Charset = answer.charset === 'big5' ? 'utf-8' : 'big5'
  return { ...answer, charset, body: encodeText(decodeText(answer.body, answer.charset), charset) }
}
