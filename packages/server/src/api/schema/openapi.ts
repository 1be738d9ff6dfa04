import { errorCatalogue } from '@barkeep/core'
import fastifySwagger from '@fastify/swagger'
import type { FastifySchema } from 'fastify'
import Type from 'typebox'
import { rowsQuery } from '../../store/datasets/dataset-sql.js'
import type { Api, ApiContext } from '../context.js'
import { serviceVersion } from '../problem.js'
import { type ApiDocument, addExamples } from './openapi-document.js'
import { type ExampleRow, exampleNames } from './openapi-examples.js'
import { describeResponses } from './openapi-responses.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How the body of a bulk route is described. */
    readonly bulkBody?: object
  }
}

const tags = [
  { name: 'bars', description: 'Bars of any interval: the main job.' },
  { name: 'reference', description: 'Exchanges, instruments and session dates.' },
  { name: 'live', description: 'Bars as they are committed.' },
  { name: 'datasets', description: 'Named tables with a declared schema and key.' },
  { name: 'crawl', description: 'Upstreams, and what is fetched from them.' },
  { name: 'search', description: 'One query over many slow sources, followed by increments.' },
  { name: 'service', description: 'Health, metrics, keys and the schemas of messages.' },
]

/** Describes every route that is registered after it, out of the schemas that check its requests. */
export async function describeApi(app: Api, context: ApiContext): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Barkeep',
        version: serviceVersion,
        description:
          'Minute, hour and day bars of whole markets, and any other table you publish. ' +
          'Times are UTC, windows half-open, volumes in shares. Lists go on with `next_cursor` until it is null. ' +
          `Errors are \`application/problem+json\` with one of ${Object.keys(errorCatalogue).length} [codes](/docs/errors).`,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags,
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'A server on loopback without any key asks for none.' },
        },
      },
      security: [{ key: [] }, {}],
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => ({
      schema: schema?.hide === true ? schema : described(schema ?? {}, String(route.method), route.config ?? {}),
      url,
    }),
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => {
    const names = exampleNames(context.catalog, await firstRow(context))
    return addExamples(app.swagger() as unknown as ApiDocument, names) // operations by path and method, as OpenAPI has them
  })
}

/** The schema of a route with what holds for all of its kind. */
function described(schema: FastifySchema, method: string, config: { bulkBody?: object; scope?: string }) {
  const { querystring, response = {} } = schema as {
    querystring?: { additionalProperties?: unknown }
    response?: object
  }
  const isAdmin = config.scope === 'admin'
  const takesFilters = typeof querystring?.additionalProperties === 'object'
  return {
    ...schema,
    ...(config.bulkBody && { body: config.bulkBody }),
    ...(method !== 'GET' && { headers: headersOfWrite(config.bulkBody !== undefined, isAdmin) }),
    ...(takesFilters && { 'x-filters': true }),
    response: describeResponses({ method, response: { ...response }, isAdmin }),
  }
}

function headersOfWrite(isBulk: boolean, isAdmin: boolean) {
  return Type.Object({
    'If-Match': Type.Optional(
      Type.String({ description: 'The ETag that a read of this URL gave: write only over that.' }),
    ),
    ...(!isAdmin && {
      Prefer: Type.Optional(Type.String({ description: '`return=minimal` leaves the report out of the answer.' })),
    }),
    ...(isBulk && {
      'Idempotency-Key': Type.Optional(
        Type.String({ description: 'Any text of your own: the same request with it is carried out once.' }),
      ),
    }),
  })
}

/** A row that can be asked for: of the first dataset of callers, else of the first that is built in. */
async function firstRow({ store, datasets, sources }: ApiContext): Promise<ExampleRow | undefined> {
  const [mine] = datasets.all
  const source = mine === undefined ? sources.all[0] : sources.get(mine.name)
  if (source === undefined) return undefined
  const { name, key, columns } = source.dataset
  const ofKey = columns.filter((column) => key.includes(column.name))
  const { sql, params } = rowsQuery({ source, columns: ofKey, filters: [], sort: [], limit: 1 })
  const [row] = await store.rows<Record<string, unknown>>(sql, params)
  return { dataset: name, ...(row && { key: key.map((column) => String(row[column])).join(',') }) }
}
