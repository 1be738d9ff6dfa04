import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { errorCatalogue } from '@barkeep/core'
import fastifySwagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { serviceVersion } from './problem.js'
import { problemSchema } from './wire-schemas.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How the body of a bulk route is described. */
    readonly bulkBody?: object
  }
}

const tags = [
  { name: 'bars', description: 'Bars of any interval: the main job.' },
  { name: 'reference', description: 'Exchanges, instruments and session dates.' },
  { name: 'datasets', description: 'Named tables with a declared schema and key.' },
  { name: 'crawl', description: 'Upstreams, and what is fetched from them.' },
  { name: 'service', description: 'Health, metrics and this description.' },
]

/** Describes every route that is registered after it, out of the schemas that check its requests. */
export async function describeApi(app: FastifyInstance): Promise<void> {
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
    transform: ({ schema, url, route }) => ({ schema: described(schema, route.config?.bulkBody), url }),
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

/** Every route can answer a problem; a bulk body is not parsed, but it is described. */
function described<Schema>(schema: Schema, bulkBody: object | undefined): Schema {
  const { response = {} } = (schema ?? {}) as { response?: Record<string, unknown> } // a route's schema has this shape
  const problem = {
    description: 'A problem: see /docs/errors',
    content: { 'application/problem+json': { schema: problemSchema } },
  }
  return { ...schema, ...(bulkBody && { body: bulkBody }), response: { ...response, default: problem } }
}

/** A page that reads the description and lets one try the routes; it loads nothing from elsewhere. */
export function docsPage(app: FastifyInstance): void {
  const files = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const
  const require = createRequire(import.meta.url)
  for (const [name, type] of Object.entries(files)) {
    let content: Promise<Buffer> | undefined
    app.get(`/docs/${name}`, { schema: { hide: true } }, async (_request, reply) => {
      content ??= readFile(require.resolve(`swagger-ui-dist/${name}`))
      return reply
        .type(`${type}; charset=utf-8`)
        .header('cache-control', 'public, max-age=86400')
        .send(await content)
    })
  }
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  )
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Barkeep: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<style>
  body { margin: 0; background: #fff; }
  .swagger-ui { max-width: 1100px; margin: 0 auto; }
  .swagger-ui .topbar, .swagger-ui .scheme-container { display: none; }
</style>
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>
  SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#docs',
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    docExpansion: 'list',
    validatorUrl: null,
  })
</script>
</body>
</html>
`
