/** The part of `Headers` that is read here. */
export interface HeaderReader {
  get(name: string): string | null
}

/** A server that sends us away for longer than a day means its clock, not us. */
export const pauseMsMax = 24 * 3_600_000

/**
 * How long an upstream asks to be left alone, in milliseconds from now; undefined when it does not ask. Read from
 * Retry-After (seconds or a date) of an answer that is none, or of one that ends the quota, and where the rest of the
 * quota is zero from X-RateLimit-Reset, RateLimit-Reset
 * (seconds, or an epoch in seconds or milliseconds) or RateLimit (`r=0;t=30`). `nowMs` is the epoch by our clock; a
 * Date header goes before it, as dates are the upstream's own.
 *
 * HTTP gives Retry-After a meaning beside refusals and redirects alone (RFC 9110, 10.2.3; RFC 6585, 4). Some upstreams send it
 * with each page, as the length of their window: heeded there, one page a minute would come.
 */
export function readPauseMs(status: number, headers: HeaderReader, nowMs: number): number | undefined {
  const sentMs = Date.parse(headers.get('date') ?? '')
  const upstreamNowMs = Number.isNaN(sentMs) ? nowMs : sentMs
  const quotaMs = resetMs(headers, upstreamNowMs) ?? structuredResetMs(headers)
  const isRefused = status >= 300
  const pauseMs = isRefused || quotaMs !== undefined ? (retryAfterMs(headers, upstreamNowMs) ?? quotaMs) : undefined
  return pauseMs === undefined ? undefined : Math.min(pauseMsMax, Math.max(0, pauseMs))
}

function retryAfterMs(headers: HeaderReader, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? ''
  const seconds = readNumber(text)
  if (seconds !== undefined) return seconds * 1_000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : atMs - nowMs
}

function resetMs(headers: HeaderReader, nowMs: number): number | undefined {
  for (const prefix of ['x-ratelimit', 'ratelimit', 'x-rate-limit']) {
    const remaining = readNumber(headers.get(`${prefix}-remaining`) ?? '')
    const reset = readNumber(headers.get(`${prefix}-reset`) ?? '')
    if (remaining === undefined || remaining > 0 || reset === undefined) continue
    if (reset >= epochMillisecondsMin) return reset - nowMs
    return reset >= epochSecondsMin ? reset * 1_000 - nowMs : reset * 1_000
  }
  return undefined
}

/** 2001 as seconds; no quota is reset in thirty years. */
const epochSecondsMin = 1e9
/** 1973 as milliseconds, and far beyond our time as seconds. */
const epochMillisecondsMin = 1e11

/** `RateLimit: "burst";r=0;t=30`, of several the longest. */
function structuredResetMs(headers: HeaderReader): number | undefined {
  const resets = (headers.get('ratelimit') ?? '').split(',').flatMap((policy) => {
    const reset = /;\s*t=(\d+)/.exec(policy)?.[1]
    return /;\s*r=0\b/.test(policy) && reset !== undefined ? [Number(reset) * 1_000] : []
  })
  return resets.length === 0 ? undefined : Math.max(...resets)
}

function readNumber(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined
}
