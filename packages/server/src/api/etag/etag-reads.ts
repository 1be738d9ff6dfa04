import { baseInterval, type Dataset, intervals, isKeptInterval, keptIntervals } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import type { Api, ApiContext } from '../context.js'
import { matches, tagOf } from './etag.js'
import type { WriteCounts } from './etag-writes.js'

/** The longest bar, a month, and a day for the zones. */
const REACH_MS = 32 * 86_400_000
/** How often a tag changes whose bars become final by the clock. */
const CLOCK_MS = 60_000

/**
 * Tags reads of bars and of rows without making them, by what they are made of: so a caller who has them already costs
 * no query. What they are made of is looked at before the read, so a tag is never newer than its answer.
 * The tag is weak, because the engine may cut the same rows into other chunks.
 */
export function tagReads(app: Api, context: ApiContext, writes: WriteCounts): void {
  app.addHook('preHandler', (request, reply, done) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return done()
    const source = sourceOf(request, context, writes)
    if (source === undefined) return done()
    const tag = `W/${tagOf(JSON.stringify([source, request.url, request.headers.accept]))}`
    reply.header('etag', tag).header('cache-control', 'private, no-cache')
    if (!matches(request.headers['if-none-match'], tag)) return done()
    reply.code(304).send()
  })
}

/** What an answer is made of, as something that becomes another JSON when the answer may become another. */
function sourceOf(request: FastifyRequest, context: ApiContext, writes: WriteCounts): unknown {
  // The schemas of these routes have checked both.
  const query = request.query as Readonly<Record<string, unknown>>
  const params = request.params as Readonly<Record<string, string>>
  const { url = '' } = request.routeOptions
  if (url === '/v1/bars') return barsSource(query, context, writes)
  if (url === '/v1/datasets/:name/rows') return rowsSource(params.name, context, writes)
  // The plain API stands where api.plainPaths says.
  return url.endsWith('/:dataset') ? rowsSource(params.dataset, context, writes) : undefined
}

function barsSource(query: Readonly<Record<string, unknown>>, { catalog, now }: ApiContext, writes: WriteCounts) {
  const interval = intervals.find((one) => one === query.interval)
  if (interval === undefined) return undefined
  const base = query.base ?? baseInterval(interval)
  const isAsKept = base === interval && isKeptInterval(interval) && query.fill !== 'previous'
  const clock = isAsKept || isLongAgo(query.end, now()) ? null : Math.floor(now() / CLOCK_MS)
  const told = [writes.version(`bars_${base}`), catalog.instruments.length, catalog.exchanges, clock]
  if (query.adjust === undefined || query.adjust === 'none') return told
  // Factors are made of splits and dividends, and of the last closes before them, which any kept interval may tell.
  return [
    ...told,
    ...['adjustments', ...keptIntervals.map((kept) => `bars_${kept}`)].map((table) => writes.version(table)),
  ]
}

/** Whether all bars that start before `end` had ended by now. */
function isLongAgo(end: unknown, nowMs: number): boolean {
  return typeof end === 'string' && Date.parse(end) + REACH_MS < nowMs
}

function rowsSource(name: string | undefined, { sources }: ApiContext, writes: WriteCounts): unknown {
  const source = sources.find(name ?? '')
  return source?.version === undefined ? undefined : [writes.start, source.version, textOf(source.dataset)]
}

const texts = new WeakMap<Dataset, string>()

/** A definition is the same object until it changes, and its text is long beside the rest of what a tag is made of. */
function textOf(dataset: Dataset): string {
  const text = texts.get(dataset) ?? JSON.stringify(dataset)
  texts.set(dataset, text)
  return text
}
