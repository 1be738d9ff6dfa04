import { BarkeepError, type ErrorCode, type ErrorDetail, errorCatalogue, type Problem } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblemBody } from './formats/answer-format.js'

export const serviceVersion = '0.1.0'

/** Writes the body of an error. What is not a BarkeepError is a fault of ours: logged in full, told in general. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toBarkeepError(error)
  if (known.code === 'INTERNAL_ERROR') request.log.error({ err: error }, 'request failed')
  if (known.retry !== undefined) reply.header('retry-after', Math.ceil(known.retry.afterMs / 1_000))
  return sendProblemBody(problemOf(known, request), request, reply.code(known.status))
}

function problemOf(error: BarkeepError, request: FastifyRequest): Problem {
  return problemBody(error, {
    method: request.method,
    path: request.url.split('?')[0] ?? '/',
    params: isRecord(request.query) ? request.query : {},
    requestId: request.id,
    eventTime: new Date().toISOString(),
  })
}

/** What a problem tells of the request that it answers. */
interface AskedFor {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, unknown>>
  readonly requestId: string
  readonly eventTime: string
}

/** The body of an error, in the words of the catalogue. */
export function problemBody(
  { code, message, errors = [] }: { code: ErrorCode; message: string; errors?: readonly ErrorDetail[] | undefined },
  { method, path, params, requestId, eventTime }: AskedFor,
): Problem {
  const { status, title } = errorCatalogue[code]
  const documentation = `/docs/errors#${code}`
  return {
    type: documentation,
    title,
    status,
    code,
    detail: message,
    instance: path,
    message,
    documentation_url: documentation,
    errors,
    request: { params },
    eventTime,
    serviceContext: { service: 'barkeep', version: serviceVersion },
    context: { httpRequest: { method, url: path, responseStatusCode: status } },
    request_id: requestId,
  }
}

/** Fastify's own refusals, in the catalogue's words. */
const byFrameworkCode: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_BODY',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_BODY',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_BODY',
  FST_ERR_BAD_URL: 'ROUTE_NOT_FOUND',
}

function toBarkeepError(error: unknown): BarkeepError {
  if (error instanceof BarkeepError) return error
  if (isRecord(error) && typeof error.code === 'string') {
    const code = byFrameworkCode[error.code]
    if (code !== undefined) return new BarkeepError(code, { message: String(error.message) })
  }
  if (isRecord(error) && typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500) {
    return new BarkeepError('INVALID_BODY', { message: String(error.message) })
  }
  return new BarkeepError('INTERNAL_ERROR', { message: 'The server failed. The log has more under the request id.' })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
