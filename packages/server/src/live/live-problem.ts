import { BarkeepError, type ErrorCode, errorCatalogue, type Problem } from '@barkeep/core'

/** An error as an acknowledgement carries it: the body that HTTP would answer. `word` is the event that was refused. */
export function liveProblem(error: BarkeepError, word: string, id: string, nowMs: number): Problem {
  const documentation = `/docs/errors#${error.code}`
  return {
    type: documentation,
    title: errorCatalogue[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.message,
    instance: `/socket.io/${word}`,
    message: error.message,
    documentation_url: documentation,
    errors: error.errors,
    request: { params: {} },
    eventTime: new Date(nowMs).toISOString(),
    serviceContext: { service: 'barkeep', version: serviceVersion },
    context: { httpRequest: { method: 'SOCKET', url: `/socket.io/${word}`, responseStatusCode: error.status } },
    request_id: id,
    ...(error.retry !== undefined && { retry_after_ms: error.retry.afterMs }),
  }
}

const serviceVersion = '0.1.0'

/** What is not a BarkeepError is a fault of ours: logged in full by the caller, told in general. */
export function asBarkeepError(error: unknown): BarkeepError {
  if (error instanceof BarkeepError) return error
  const code: ErrorCode = 'INTERNAL_ERROR'
  return new BarkeepError(code, { message: 'The server failed. Its log has more.', cause: error })
}
