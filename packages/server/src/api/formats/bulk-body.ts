import { BarkeepError, type BodyFormat, formats } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { InputFormat } from '../../store/store.js'
import type { Api } from '../context.js'

/** Formats that rows are sent in, and what the engine calls them. */
const engineFormats = {
  json: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  csv: 'CSVWithNames',
  arrow: 'ArrowStream',
  parquet: 'Parquet',
} as const satisfies Record<BodyFormat, InputFormat>

const byType = new Map(Object.entries(engineFormats).map(([name, format]) => [formats[name as BodyFormat], format])) // its keys

/** Rows that go to the engine as they come: the routes registered within have no body parsed. */
export function bulkRoutes(app: Api, register: (bulk: Api) => void): void {
  app.register(async (scope) => {
    const bulk = scope as Api // a scope keeps the type provider of its parent
    bulk.removeAllContentTypeParsers()
    bulk.addContentTypeParser('*', (_request, _payload, done) => done(null))
    register(bulk)
  })
}

/** The format that the Content-Type of a bulk body names. Throws UNSUPPORTED_MEDIA_TYPE. */
export function bodyFormat(request: FastifyRequest): InputFormat {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  const format = byType.get(type as (typeof formats)[BodyFormat]) // undefined for any other text
  if (format !== undefined) return format
  throw new BarkeepError('UNSUPPORTED_MEDIA_TYPE', {
    message: `'${type.slice(0, 60)}' is not read here. Send one of ${[...byType.keys()].join(', ')}.`,
  })
}

/** How a bulk body is described: JSON as an array of rows, the others as what they are. */
export function bulkBodySchema(row: TSchema): object {
  const content = [...byType.keys()].map((type) => [
    type,
    { schema: type === formats.json ? { type: 'array', items: row } : { type: 'string', format: 'binary' } },
  ])
  return { content: Object.fromEntries(content) }
}
