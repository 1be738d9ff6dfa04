import { BarkeepError } from '@barkeep/core'
import { backoffMs, parseRetryAfterMs, RETRY_AFTER_MAX_MS, type Sleep } from './backoff.js'
import { linkAbort } from './link-abort.js'
import { cancelledRequest, connectionFailed, errorOfResponse } from './problem.js'

export interface HttpSettings {
  readonly origin: string
  readonly key: string | undefined
  readonly fetch: typeof fetch
  /** Attempts after the first. */
  readonly retriesMax: number
  readonly timeoutMs: number | undefined
  readonly random: () => number
  readonly sleep: Sleep
  readonly now: () => number
}

export interface HttpRequest {
  readonly path: string
  readonly params?: URLSearchParams
  readonly accept?: string
  /** POST with an upload, else GET, unless told. */
  readonly method?: 'HEAD' | 'PUT' | 'PATCH' | 'DELETE'
  readonly upload?: Upload
  /** The answer may be long: the timeout ends when its head arrives. */
  readonly isLong?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface Upload {
  readonly body: BodyInit
  readonly contentType: string
  /** Marks the request as safe to repeat. */
  readonly idempotencyKey: string
}

/** Reads an answer. Throws BarkeepError where the answer is at fault; all else counts as a broken connection. */
export type ReadResponse<T> = (response: Response, signal: AbortSignal) => Promise<T>

/**
 * Sends a request and reads its answer, again after a broken connection, 429 or 503.
 * Throws the error of the server, CONNECTION_FAILED or CANCELLED_REQUEST.
 */
export async function send<T>(settings: HttpSettings, request: HttpRequest, read: ReadResponse<T>): Promise<T> {
  const { upload, signal } = request
  // A stream can be read once, so what is left of it cannot be sent again.
  const retriesMax = upload?.body instanceof ReadableStream ? 0 : settings.retriesMax
  for (let retry = 0; ; retry++) {
    const outcome = await attempt(settings, request, read)
    if ('value' in outcome) return outcome.value
    const { error } = outcome
    const retryAfterMs = error.retry?.afterMs
    if (!outcome.repeatable || retry >= retriesMax || (retryAfterMs ?? 0) > RETRY_AFTER_MAX_MS) throw error
    try {
      await settings.sleep(backoffMs(retry, settings.random, retryAfterMs), signal)
    } catch (cause) {
      throw signal?.aborted ? cancelledRequest(signal.reason) : cause
    }
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: BarkeepError; readonly repeatable: boolean }

async function attempt<T>(settings: HttpSettings, request: HttpRequest, read: ReadResponse<T>): Promise<Outcome<T>> {
  const { timeoutMs } = settings
  if (request.signal?.aborted) return { error: cancelledRequest(request.signal.reason), repeatable: false }
  const link = linkAbort(request.signal)
  const timeout = timeoutMs === undefined ? undefined : new Error(`timed out after ${timeoutMs} ms`)
  const timer = timeout && setTimeout(() => link.abort(timeout), timeoutMs)
  try {
    const response = await settings.fetch(urlOf(settings, request), initOf(settings, request, link.signal))
    if (!response.ok) {
      const retryAfterMs = parseRetryAfterMs(response.headers.get('retry-after'), settings.now())
      const repeatable = response.status === 429 || response.status === 503
      return { error: await errorOfResponse(response, retryAfterMs), repeatable }
    }
    if (request.isLong) clearTimeout(timer)
    return { value: await read(response, link.signal) }
  } catch (cause) {
    if (request.signal?.aborted) return { error: cancelledRequest(request.signal.reason), repeatable: false }
    if (link.signal.aborted) return { error: connectionFailed(settings.origin, timeout), repeatable: true }
    if (cause instanceof BarkeepError) return { error: cause, repeatable: cause.code === 'CONNECTION_FAILED' }
    return { error: connectionFailed(settings.origin, cause), repeatable: true }
  } finally {
    clearTimeout(timer)
    link.release()
  }
}

function urlOf({ origin }: HttpSettings, { path, params }: HttpRequest): string {
  const query = params?.toString() ?? ''
  return `${origin}${path}${query === '' ? '' : `?${query}`}`
}

// `duplex` is required for stream bodies and not yet in every DOM library.
function initOf({ key }: HttpSettings, request: HttpRequest, signal: AbortSignal): RequestInit & { duplex?: 'half' } {
  const { upload, accept = 'application/json' } = request
  const headers: Record<string, string> = { accept }
  if (key !== undefined) headers.authorization = `Bearer ${key}`
  const method = request.method ?? (upload === undefined ? 'GET' : 'POST')
  if (upload === undefined) return { method, headers, signal }
  headers['content-type'] = upload.contentType
  headers['idempotency-key'] = upload.idempotencyKey
  const { body } = upload
  return { method, headers, signal, body, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}) }
}
