import { BarkeepError, type Format, formats, type Problem } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { listQuery } from '../../store/datasets/list-sql.js'
import type { Store } from '../../store/store.js'
import type { Api, ApiContext } from '../context.js'
import { acceptedFormat } from './accepted-format.js'
import { oneArrowStream } from './arrow-framing.js'
import { answerProtoUrl, problemProtoUrl, protobufAnswer, protobufProblem } from './protobuf-answer.js'
import { engineFormats } from './rows-answer.js'
import { problemNamespace, xmlDocument } from './xml-value.js'

const possible = ['json', 'xml', 'protobuf'] as const satisfies readonly Format[]
const listPossible = [...possible, 'ndjson', 'csv', 'arrow', 'parquet'] as const satisfies readonly Format[]

/**
 * Answers that are objects in the format that the Accept header wants: JSON, XML or Protobuf, and lists of objects as
 * NDJSON, CSV, Arrow and Parquet, too. Rows have their own way, as they stream. Throws NOT_ACCEPTABLE.
 */
export function formatAnswers(app: Api, { store }: ApiContext): void {
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
    const body = await writers[format](payload, list ?? [], store)
    if (format === 'protobuf') addLink(reply, `<${answerProtoUrl}>; rel="describedby"`)
    if (list !== undefined && format !== 'xml' && format !== 'protobuf') addNext(reply, payload)
    // Bytes are sent as they are; only the type of the framework knows text alone.
    reply
      .type(typeof body === 'string' ? `${formats[format]}; charset=utf-8` : formats[format])
      .serializer(() => body as string)
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

type Body = string | Buffer
type Writer = (payload: unknown, list: readonly object[], store: Store) => Body | Promise<Body>
const writers: Readonly<Record<Exclude<(typeof listPossible)[number], 'json'>, Writer>> = {
  xml: (payload) => xmlDocument('answer', Object(payload)),
  protobuf: (payload) => protobufAnswer(payload),
  ndjson: (_payload, list) => list.map((row) => `${JSON.stringify(row)}\n`).join(''),
  csv: (_payload, list) => csvOf(list),
  arrow: (_payload, list, store) => madeByEngine(store, list, 'arrow'),
  parquet: (_payload, list, store) => madeByEngine(store, list, 'parquet'),
}

/** A list is at hand whole, and so is what is made of it. */
async function madeByEngine(store: Store, list: readonly object[], format: 'arrow' | 'parquet'): Promise<Buffer> {
  const { sql, params } = listQuery(list)
  const made = store.stream(sql, params, engineFormats[format])
  const chunks: Buffer[] = []
  // The engine may use the memory of a chunk again.
  for await (const chunk of format === 'arrow' ? oneArrowStream(made) : made) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** The objects of an envelope whose data are a list of them; texts, such as dates, count as objects with a `value`. */
function listOf(payload: unknown): readonly object[] | undefined {
  const data = isObject(payload) ? payload.data : undefined
  if (!Array.isArray(data)) return undefined
  if (data.every((one) => typeof one === 'string')) return data.map((value) => ({ value }))
  return data.every(isObject) ? data : undefined
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
