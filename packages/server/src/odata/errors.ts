import { BarkeepError, errorCatalogue, shorten } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** What OData has and this service does not: answered with 501, as the standard wants. */
export class NotSupported extends BarkeepError {
  constructor(what: string) {
    super('NOT_SUPPORTED', { message: `${what} is not supported here. docs/guide/odata.md lists what is.` })
  }
}

/** Text that breaks the grammar of OData; `position` counts characters from 0, after percent-decoding. */
export class SyntaxFault extends Error {
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.name = 'SyntaxFault'
    this.position = position
  }
}

/** Runs a parser on the value of an option; what breaks the grammar becomes INVALID_PARAMETER of that option. */
export function parsing<Result>(option: string, text: string, parse: () => Result): Result {
  try {
    return parse()
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault
    throw wrongOption(option, text, `${fault.message} (at character ${fault.position}).`)
  }
}

/** A value of an option, or a part of the path, that cannot be used. */
export function wrongOption(option: string, value: string, message: string): BarkeepError {
  return new BarkeepError('INVALID_PARAMETER', {
    message: `${option}: ${message}`,
    errors: [{ code: 'INVALID_PARAMETER', parameter: option, value: shorten(value), message }],
  })
}

interface ODataFault {
  readonly code: string
  readonly message: string
  readonly target?: string
}

/** Answers an error in the shape that OData prescribes. */
export function sendODataError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!(error instanceof BarkeepError)) {
    request.log.error({ err: error }, 'request failed')
    const message = 'The server failed. The log has more under the request id.'
    return send(reply, errorCatalogue.INTERNAL_ERROR.status, { code: 'INTERNAL_ERROR', message }, [])
  }
  if (error.retry !== undefined) reply.header('retry-after', Math.ceil(error.retry.afterMs / 1_000))
  const details = error.errors.map(({ code, message, parameter }) => ({
    code,
    message,
    ...(parameter !== undefined && { target: parameter }),
  }))
  const target = details[0]?.target
  const { code, message } = error
  return send(reply, error.status, { code, message, ...(target !== undefined && { target }) }, details)
}

function send(reply: FastifyReply, status: number, fault: ODataFault, details: readonly ODataFault[]): FastifyReply {
  return reply
    .code(status)
    .header('odata-version', '4.0')
    .type('application/json;odata.metadata=minimal;charset=utf-8')
    .send(JSON.stringify({ error: { ...fault, details } }))
}
