import type { ServerResponse } from 'node:http'
import type { Answer } from '../http/answer.js'
import { zipFile } from '../http/zip-file.js'
import type { Fault } from './fault.js'

export interface SendOptions {
  readonly head: boolean
  /** The upstream's clock, which it tells in `Date`. */
  readonly nowMs: number
  readonly fault: Fault | undefined
}

/** Writes an answer, whole or as a fault of the transport has it. */
export function sendAnswer(response: ServerResponse, answer: Answer, { head, nowMs, fault }: SendOptions): void {
  // An empty body is a fault, and no zip of nothing.
  const isZip = answer.zipAs !== undefined && answer.body.length > 0
  const body = Buffer.from(isZip ? zipFile(answer.zipAs, answer.body) : answer.body)
  response.writeHead(answer.status, {
    date: new Date(nowMs).toUTCString(),
    ...answer.headers,
    'content-length': body.length,
    'x-emulator': answer.recorded === true ? 'recorded' : 'generated',
  })
  if (head) response.end()
  else if (fault?.kind === 'cut') cut(response, body.subarray(0, Math.floor(body.length * fault.fraction)))
  else if (fault?.kind === 'trickle') trickle(response, body, fault)
  else response.end(body)
}

/** The connection goes once the part is on its way, so the caller sees a body that ends too early. */
function cut(response: ServerResponse, part: Buffer): void {
  if (part.length === 0) {
    response.flushHeaders()
    response.socket?.end()
    return
  }
  response.write(part, () => response.socket?.destroySoon())
}

function trickle(response: ServerResponse, body: Buffer, { bytes, pauseMs }: Fault): void {
  let sent = 0
  const next = (): void => {
    response.write(body.subarray(sent, sent + bytes))
    sent += bytes
    if (sent >= body.length) {
      clearInterval(timer)
      response.end()
    }
  }
  const timer = setInterval(next, pauseMs)
  // A caller that loses patience ends the trickle.
  response.on('close', () => clearInterval(timer))
  next()
}
