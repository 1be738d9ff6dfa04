import { BarkeepError } from '@barkeep/core'
import type { Clock } from './clock.js'

/** How long to wait before an unreachable Redis is asked again, in milliseconds. */
const retryDelayMs = 200

/** What a Redis answers that starts, is being replaced, or was replaced: all of it passes. */
const passing = ['LOADING', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'NOREPLICAS', 'BUSY', 'OOM', 'MISCONF']

/**
 * Repeats a step until Redis has done it, for up to `patienceMs`; then throws SERVICE_UNAVAILABLE. A step may have been
 * done although its answer was lost, so it must bear to be repeated. Once `closing` is aborted nothing is repeated.
 */
export async function retryWhileUnreachable<Result>(
  clock: Clock,
  patienceMs: number,
  step: () => Promise<Result>,
  closing?: AbortSignal,
): Promise<Result> {
  const endMs = clock.now() + patienceMs
  for (;;) {
    try {
      return await step()
    } catch (error) {
      if (isOfCaller(error)) throw error
      if (closing?.aborted || clock.now() + retryDelayMs >= endMs) throw unreachable(patienceMs, error)
    }
    await clock.sleep(retryDelayMs, closing).catch(() => undefined)
  }
}

/** Redis does not know the script yet, or forgot it in a restart. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

/** Refused by Redis for what was asked; everything else that fails is a matter of the connection. */
function isOfCaller(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false
  return !passing.some((code) => error.message.startsWith(code))
}

function unreachable(patienceMs: number, cause: unknown): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', {
    cause,
    retry: { afterMs: patienceMs },
    message:
      `Redis was out of reach for ${patienceMs} ms, and without it nobody knows what other processes send. ` +
      'Check redis.url and that Redis runs.',
  })
}
