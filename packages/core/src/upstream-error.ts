import { BarkeepError, type ErrorCode } from './errors.js'

/** What the engine does about a failed task. */
export type FailureClass =
  /** Try again after a back-off. */
  | 'retry'
  /** The whole connector waits until the time that the error names. */
  | 'wait'
  /** This task cannot succeed as it is; a person looks at it. */
  | 'fail'
  /** No task of the connector can succeed until a person acts. */
  | 'stop'

const classes = {
  UPSTREAM_UNREACHABLE: 'retry',
  UPSTREAM_FAILED: 'retry',
  UPSTREAM_RATE_LIMITED: 'wait',
  UPSTREAM_BANNED: 'wait',
  UPSTREAM_CHANGED: 'fail',
  UPSTREAM_REFUSED: 'fail',
  UPSTREAM_UNAUTHORIZED: 'stop',
  CREDENTIAL_MISSING: 'stop',
} as const satisfies Partial<Record<ErrorCode, FailureClass>>

/** Failures of Barkeep itself that pass: of the limiter, the store, the server. */
const passing: readonly ErrorCode[] = [
  'CONNECTION_FAILED',
  'OVER_CAPACITY',
  'SERVICE_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'TOO_MANY_REQUESTS',
]

export type UpstreamErrorCode = keyof typeof classes

/** The class of any error that a handler throws; what is not an upstream's failure is a fault of the handler. */
export function failureClassOf(error: unknown): FailureClass {
  if (!(error instanceof BarkeepError)) return 'fail'
  if (passing.includes(error.code)) return 'retry'
  return (classes as Partial<Record<ErrorCode, FailureClass>>)[error.code] ?? 'fail'
}

/** An error of an upstream; `afterMs` is how long it asks to be left alone. */
export function upstreamError(
  code: UpstreamErrorCode,
  message: string,
  { afterMs, cause }: { readonly afterMs?: number; readonly cause?: unknown } = {},
): BarkeepError {
  return new BarkeepError(code, { message, cause, ...(afterMs !== undefined && { retry: { afterMs } }) })
}
