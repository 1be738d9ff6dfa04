const BACKOFF_BASE_MS = 250
const BACKOFF_MAX_MS = 15_000

/** Beyond this a caller is better served by the error, which carries `retry.afterMs`, than by a silent wait. */
export const RETRY_AFTER_MAX_MS = 120_000

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
export type Sleep = (delayMs: number, signal?: AbortSignal) => Promise<void>

/**
 * How long to wait before retry number `retry` (from 0), in milliseconds: full jitter over an exponentially
 * growing window, and never less than the server asked for.
 */
export function backoffMs(retry: number, random: () => number, retryAfterMs = 0): number {
  return Math.max(retryAfterMs, random() * Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** retry))
}

/** Retries after which the window of a live connection grows no more, at 2 s: who waits for the next minute waits no longer. */
const LIVE_RETRIES_MAX = 3

/** The same for connections that stand for hours, to a server that will be back. */
export function liveBackoffMs(retry: number, random: () => number, retryAfterMs = 0): number {
  return backoffMs(Math.min(retry, LIVE_RETRIES_MAX), random, retryAfterMs)
}

/** Reads Retry-After, seconds or an HTTP date, as milliseconds from `nowMs`; undefined when absent or unreadable. */
export function parseRetryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

export const sleepOnTimer: Sleep = (delayMs, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
