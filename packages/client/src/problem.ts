import { BarkeepError, type ErrorCode, type ErrorDetail, errorCatalogue } from '@barkeep/core'

/** The error that an answer outside 2xx stands for. Reads the body. `retryAfterMs` is what its Retry-After asks for. */
export async function errorOfResponse(response: Response, retryAfterMs: number | undefined): Promise<BarkeepError> {
  return errorOf(parseObject(await response.text()), `HTTP ${response.status}`, retryAfterMs)
}

/** The error that a refusal over the live connection stands for: the same body, and how long to wait is a field of it. */
export function errorOfProblem(problem: unknown): BarkeepError {
  const fields = typeof problem === 'object' && problem !== null ? (problem as Record<string, unknown>) : {} // any object has string keys
  const { retry_after_ms: retryAfterMs } = fields
  return errorOf(fields, 'with a refusal', typeof retryAfterMs === 'number' ? retryAfterMs : undefined)
}

function errorOf(
  { code, message, detail, errors }: Readonly<Record<string, unknown>>,
  answer: string,
  retryAfterMs: number | undefined,
): BarkeepError {
  const retry = retryAfterMs === undefined ? {} : { retry: { afterMs: retryAfterMs } }
  if (isErrorCode(code)) {
    return new BarkeepError(code, {
      message: firstText(message, detail) ?? errorCatalogue[code].title,
      // The server built the details from the same catalogue; checking each would only hide what it said.
      errors: Array.isArray(errors) ? (errors as ErrorDetail[]) : [],
      ...retry,
    })
  }
  const said = firstText(message, detail)
  const known = typeof code === 'string' ? `with the code ${code}, which this client does not know` : 'without a code'
  const name = `${answer} ${known}${said === undefined ? '' : `: ${said}`}.`
  return new BarkeepError('INTERNAL_ERROR', {
    message: `The server answered ${name} Check that the URL is that of a Barkeep server, and not older than this client.`,
    ...retry,
  })
}

/** No answer, or one that broke off. */
export function connectionFailed(origin: string, cause: unknown): BarkeepError {
  return new BarkeepError('CONNECTION_FAILED', {
    message: `No answer from ${origin} (${reasonOf(cause)}). Check the URL and that the server runs.`,
    cause,
  })
}

/** The caller's signal was aborted; its reason is the cause. */
export function cancelledRequest(cause: unknown): BarkeepError {
  return new BarkeepError('CANCELLED_REQUEST', { message: 'The request was cancelled by its caller.', cause })
}

/** An answer that claims success and cannot be read. */
export function unreadableAnswer(what: string, cause?: unknown): BarkeepError {
  return new BarkeepError('INTERNAL_ERROR', {
    message: `The server's answer is not ${what}. Check that the URL is that of a Barkeep server.`,
    cause,
  })
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCatalogue, code)
}

function firstText(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}

/** Node's fetch says only "fetch failed" and keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {} // any object has string keys
  } catch {
    return {}
  }
}
