import { formatInstant, type HandlerContext, upstreamError } from '@barkeep/core'
import { addDays } from '../date-steps.js'
import { recordOf, type UnknownRecord } from '../read-json.js'
import { instantInTaipei, todayInTaipei } from '../taiwan/sessions.js'
import { ask, numberOf } from './ask.js'

/** When the bytes of a day begin anew, exchange time. */
const RESET_CLOCK = '08:00:00'

export interface Usage {
  readonly connections: number
  readonly bytes: number
  readonly limitBytes: number
  readonly remainingBytes: number
}

/** How much of the bytes of a day is used. Throws what `ask` throws, and UPSTREAM_CHANGED. */
export async function askUsage(context: HandlerContext): Promise<Usage> {
  const answer = recordOf(await ask(context, '/auth/usage'), "Shioaji's usage")
  return {
    connections: countOf(answer, 'connections'),
    bytes: countOf(answer, 'bytes'),
    limitBytes: countOf(answer, 'limit_bytes'),
    remainingBytes: countOf(answer, 'remaining_bytes'),
  }
}

/**
 * To be asked before an empty answer is believed: over the quota Shioaji answers with nothing, and with no error.
 * Throws UPSTREAM_RATE_LIMITED until the next reset where nothing is left.
 */
export async function requireQuota(context: HandlerContext): Promise<void> {
  const { bytes, limitBytes, remainingBytes } = await askUsage(context)
  if (remainingBytes > 0) return
  const now = context.now()
  const afterMs = nextResetMs(now) - now
  const until = formatInstant(now + afterMs)
  throw upstreamError(
    'UPSTREAM_RATE_LIMITED',
    `Shioaji has sent ${bytes} of ${limitBytes} bytes of this day; nothing until ${until}.`,
    {
      afterMs,
    },
  )
}

function nextResetMs(nowMs: number): number {
  const today = todayInTaipei(nowMs)
  const times = [today, addDays(today, 1)].map((date) => Date.parse(instantInTaipei(date, RESET_CLOCK) ?? ''))
  return times.find((ms) => ms > nowMs) ?? nowMs
}

function countOf(answer: UnknownRecord, name: string): number {
  const count = numberOf(answer[name])
  if (typeof count === 'number') return count
  throw upstreamError('UPSTREAM_CHANGED', `Shioaji's usage has no '${name}'.`)
}
