import { BarkeepError, type Format, formats, invalidParameter, isKeptInterval, keptIntervals } from '@barkeep/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { InputFormat } from '../store/store.js'
import { type BarsFormat, barsFormats, barsStream, bodyOf, csvAnswer, jsonAnswer, nextCursor } from './bars-answer.js'
import { barsParameters, readBarsRequest } from './bars-request.js'
import type { ApiContext } from './context.js'
import { QueryParams } from './query-params.js'

const inputFormats: Readonly<Record<string, InputFormat>> = {
  'application/json': 'JSONEachRow',
  'application/x-ndjson': 'JSONEachRow',
  'text/csv': 'CSVWithNames',
  'application/vnd.apache.arrow.stream': 'ArrowStream',
}

export function barsRoutes(app: FastifyInstance, { store, catalog, ingest, config, now }: ApiContext): void {
  app.get('/v1/bars', async (request, reply) => {
    const query = new QueryParams(request.query, barsParameters)
    const format = chooseFormat(query, request)
    const read = readBarsRequest(query, catalog, config, now())
    const limit = read.limit ?? (format === 'json' ? config['api.rowsPerPage'] : undefined)
    const page = limit === undefined ? read : { ...read, limit }
    const abort = new AbortController()
    reply.raw.once('close', () => abort.abort())

    const rows = await barsStream(store, catalog, page, format, abort.signal)
    if (format === 'json') {
      const cursor = nextCursor(store, read, page.limit ?? 1)
      cursor.catch(() => undefined)
      const head = `{"request":{"params":${JSON.stringify(query.all)}},"data":[`
      const tail = async () => {
        const next = await cursor
        return `],"next_cursor":${JSON.stringify(next)},"links":${JSON.stringify(linksOf(request, next))}}`
      }
      return reply.type('application/json; charset=utf-8').send(bodyOf(jsonAnswer(rows, head, tail)))
    }
    if (limit !== undefined) {
      const next = await nextCursor(store, read, limit)
      if (next !== null) reply.header('link', `<${linksOf(request, next).next}>; rel="next"`)
    }
    const body = format === 'csv' ? csvAnswer(rows, read.columns) : rows
    return reply.type(format === 'arrow' ? formats.arrow : `${formats[format]}; charset=utf-8`).send(bodyOf(body))
  })

  app.post<{ Params: { interval: string } }>('/v1/bars/:interval', async (request, reply) => {
    const { interval } = request.params
    if (!isKeptInterval(interval)) {
      throw invalidParameter(
        'interval',
        interval,
        `bars are kept as ${keptIntervals.join(', ')}; the others are derived.`,
      )
    }
    const query = new QueryParams(request.query, ['source'])
    const source = query.text('source') ?? 'api'
    if (!/^[\w.:-]{1,64}$/.test(source)) {
      throw invalidParameter('source', source, 'write 1 to 64 letters, digits, dots, colons, hyphens or underscores.')
    }
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
    const format = inputFormats[type]
    if (format === undefined) {
      throw new BarkeepError('UNSUPPORTED_MEDIA_TYPE', {
        message: `'${type.slice(0, 60)}' is not read here. Send one of ${Object.keys(inputFormats).join(', ')}.`,
      })
    }
    const report = await ingest.store({
      interval,
      format,
      body: request.raw,
      bytesMax: config['api.bodyBytesMax'],
      source,
    })
    return reply.code(201).send({
      request: { params: { interval, ...query.all } },
      data: report,
      links: { bars: `/v1/bars?interval=${interval}` },
    })
  })
}

function chooseFormat(query: QueryParams, request: FastifyRequest): BarsFormat {
  const named = query.choice('format', barsFormats)
  if (named !== undefined) return named
  const accepted = (request.headers.accept ?? '*/*').split(',').map((part) => part.split(';')[0]?.trim() ?? '')
  for (const type of accepted) {
    if (type === '*/*' || type === 'application/*') return 'json'
    const format = barsFormats.find((candidate: Format) => formats[candidate] === type)
    if (format !== undefined) return format
  }
  throw new BarkeepError('NOT_ACCEPTABLE', {
    message: `Bars are answered as ${barsFormats.map((format) => formats[format]).join(', ')}.`,
  })
}

function linksOf(request: FastifyRequest, next: string | null): Record<string, string> {
  const self = request.url
  if (next === null) return { self }
  const [path = '', search = ''] = self.split('?')
  const params = new URLSearchParams(search)
  params.set('cursor', next)
  return { self, next: `${path}?${params}` }
}
