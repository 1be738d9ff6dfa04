import { BarkeepError, type Format, formats, type Problem } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { acceptedFormat } from './accepted-format.js'
import type { Api } from './context.js'
import { answerProtoUrl, problemProtoUrl, protobufAnswer, protobufProblem } from './protobuf-answer.js'
import { problemNamespace, xmlDocument } from './xml-value.js'

const possible = ['json', 'xml', 'protobuf'] as const satisfies readonly Format[]
const listPossible = [...possible, 'ndjson', 'csv'] as const satisfies readonly Format[]

/**
 * Answers that are objects in the format that the Accept header wants: JSON, XML or Protobuf, and lists of objects as
 * NDJSON and CSV, too. Rows have their own way, as they stream. Throws NOT_ACCEPTABLE.
 */
export function formatAnswers(app: Api): void {
  app.addHook('preSerialization', async (request, reply, payload: unknown) => {
    const { accept } = request.headers
    if (accept === undefined || accept === '*/*' || accept === formats.json) return payload
    // OData and the API's description say themselves what they are.
    const { url = '', schema } = request.routeOptions
    if (url.startsWith('/odata') || (isObject(schema) && schema.hide === true)) return payload
    if (reply.statusCode >= 400 || String(reply.getHeader('content-type') ?? formats.json).includes('problem'))
      return payload
    const list = listOf(payload)
    const format = acceptedFormat(request, list === undefined ? possible : listPossible)
    if (format === undefined || format === 'json') {
      // Writes are done by now, and who asks for what a route never has gets what it has.
      if (format === 'json' || request.method !== 'GET') return payload
      const names = (list === undefined ? possible : listPossible).map((name) => formats[name])
      throw new BarkeepError('NOT_ACCEPTABLE', { message: `This is answered as ${names.join(', ')}.` })
    }
    const text = writers[format](payload, list ?? [])
    if (format === 'protobuf') addLink(reply, `<${answerProtoUrl}>; rel="describedby"`)
    if (format === 'ndjson' || format === 'csv') addNext(reply, payload)
    // Bytes are sent as they are; only the type of the framework knows text alone.
    reply
      .type(format === 'protobuf' ? formats.protobuf : `${formats[format]}; charset=utf-8`)
      .serializer(() => text as string)
    return payload
  })
}

/** The body of an error in the format that its caller reads; what is neither XML nor Protobuf is JSON. */
export function sendProblemBody(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const format = problemFormat(request)
  if (format === 'xml') {
    return reply.type('application/problem+xml; charset=utf-8').send(xmlDocument('problem', problem, problemNamespace))
  }
  if (format === 'protobuf') {
    return reply
      .type(formats.protobuf)
      .header('link', `<${problemProtoUrl}>; rel="describedby"`)
      .send(protobufProblem(problem))
  }
  return reply.type('application/problem+json').send(problem)
}

function problemFormat(request: FastifyRequest): Format | undefined {
  const named = (request.query as { format?: unknown } | undefined)?.format // whatever the query string has
  if (named === 'xml' || named === 'protobuf') return named
  return named === undefined ? acceptedFormat(request, possible) : undefined
}

type Writer = (payload: unknown, list: readonly object[]) => string | Buffer
const writers: Readonly<Record<Exclude<(typeof listPossible)[number], 'json'>, Writer>> = {
  xml: (payload) => xmlDocument('answer', Object(payload)),
  protobuf: (payload) => protobufAnswer(payload),
  ndjson: (_payload, list) => list.map((row) => `${JSON.stringify(row)}\n`).join(''),
  csv: (_payload, list) => csvOf(list),
}

/** The objects of an envelope whose data are a list of them. */
function listOf(payload: unknown): readonly object[] | undefined {
  const data = isObject(payload) ? payload.data : undefined
  return Array.isArray(data) && data.every(isObject) ? data : undefined
}

/** Columns in the order in which they first come; what is nested stands as its JSON. */
function csvOf(list: readonly object[]): string {
  const columns = [...new Set(list.flatMap((row) => Object.keys(row)))]
  const lines = list.map((row) => {
    const fields = new Map(Object.entries(row))
    return columns.map((column) => csvValue(fields.get(column))).join(',')
  })
  return `${[columns.map(csvValue).join(','), ...lines].join('\n')}\n`
}

function csvValue(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function addNext(reply: FastifyReply, payload: unknown): void {
  const links = isObject(payload) && isObject(payload.links) ? payload.links : {}
  if (typeof links.next === 'string') addLink(reply, `<${links.next}>; rel="next"`)
}

function addLink(reply: FastifyReply, link: string): void {
  const before = reply.getHeader('link')
  reply.header('link', before === undefined ? link : `${String(before)}, ${link}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
