import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { errorCatalogue } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import type { Api, ApiContext } from '../context.js'
import { exampleNames } from '../schema/openapi-examples.js'
import { codeBlock, docsFrame, escapeHtml, runnable } from './docs-frame.js'

/** How long a browser keeps the parts that come with a release, seconds. */
const PARTS_KEPT_SECONDS = 86_400
/** Datasets that the first page names; GET /v1/datasets lists all. */
const DATASETS_NAMED_MAX = 50

/** The first page: what is here, what to try, and all operations; it loads nothing from elsewhere. */
export function docsPage(app: Api, context: ApiContext): void {
  const files = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const
  const require = createRequire(import.meta.url)
  for (const [name, type] of Object.entries(files)) {
    let content: Promise<Buffer> | undefined
    app.get(`/docs/${name}`, { schema: { hide: true } }, async (_request, reply) => {
      content ??= readFile(require.resolve(`swagger-ui-dist/${name}`))
      return reply
        .type(`${type}; charset=utf-8`)
        .header('cache-control', `public, max-age=${PARTS_KEPT_SECONDS}`)
        .send(await content)
    })
  }
  app.get('/docs', { schema: { hide: true } }, async (request, reply) =>
    reply.type('text/html; charset=utf-8').send(firstPage(request, context)),
  )
}

/** Where the caller reaches this server. */
export function originOf({ protocol, host }: FastifyRequest): string {
  return `${protocol}://${host}`
}

function firstPage(request: FastifyRequest, context: ApiContext): string {
  const origin = originOf(request)
  // Who needs no key is not asked for one.
  const isOpen = request.caller?.id === 'open'
  const body = `<h1>Market data of your own</h1>
<p class="lead">Minute, hour and day bars of whole markets, and any other table, from this machine: as JSON, NDJSON, CSV, Arrow, Parquet, XML or Protobuf.</p>
${contentsCards(context)}
${firstSteps(context, origin)}
<h2 id="api">The API</h2>
<p class="soft">Open one and press Execute: its example runs against this server. What writes, writes to names of its own such as <code>try-out</code>.</p>
<div id="operations"${isOpen ? ' class="open"' : ''}><p class="soft">Loading …</p></div>
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script>${operationsScript}</script>`
  const head = `<link rel="stylesheet" href="/docs/swagger-ui.css"><style>${operationsStyle}</style>\n`
  return docsFrame({ title: 'Barkeep: what is here and how to ask for it', body, head })
}

function contentsCards({ catalog, sources }: ApiContext): string {
  const counts = new Map<string, number>()
  for (const { exchange } of catalog.instruments) counts.set(exchange, (counts.get(exchange) ?? 0) + 1)
  const exchanges = catalog.exchanges
    .filter(({ code }) => counts.has(code))
    .map(({ code, name }) => {
      const count = (counts.get(code) ?? 0).toLocaleString('en')
      const noun = counts.get(code) === 1 ? 'instrument' : 'instruments'
      return `<li><a href="/v1/instruments?exchange=${code}">${code}</a> ${escapeHtml(name)}, ${count} ${noun}</li>`
    })
  const { all } = sources
  const datasets = all.slice(0, DATASETS_NAMED_MAX).map(({ dataset: { name, title } }) => {
    return `<li><a href="/docs/datasets/${name}">${name}</a> ${title === name ? '' : escapeHtml(title)}</li>`
  })
  const more = all.length > datasets.length ? `<li><a href="/v1/datasets">${all.length} in all</a></li>` : ''
  return `<div class="cards" id="data">
<div class="card"><h3>Exchanges</h3>${exchanges.length === 0 ? '<p class="soft">No instrument yet: <code>barkeep import</code> or <code>barkeep crawl</code> brings some.</p>' : `<ul>${exchanges.join('')}</ul>`}</div>
<div class="card"><h3>Datasets</h3><ul>${datasets.join('')}${more}</ul></div>
<div class="card"><h3>Good to know</h3><ul><li>A bar's <code>ts</code> is its start in UTC; volume is in shares.</li><li>Windows are half-open: <code>end</code> is not included.</li><li>Lists go on with <code>next_cursor</code> until it is null.</li><li>An error has one of <a href="/docs/errors">${Object.keys(errorCatalogue).length} codes</a>, each with its cure.</li><li><a href="/odata/v4/">/odata/v4</a> is for Excel and Power BI, <a href="/metrics">/metrics</a> for Prometheus.</li></ul></div>
</div>`
}

function firstSteps({ catalog }: ApiContext, origin: string): string {
  const { instrument, exchange } = exampleNames(catalog, undefined)
  const isThere = catalog.instruments.length > 0
  const bars = `/v1/bars?instruments=${instrument}&interval=1d&limit=3`
  const lines = isThere
    ? [
        runnable(bars, origin, 'Bars of an instrument, a page at a time'),
        runnable(
          `/v1/bars?instruments=${instrument}&interval=1h&limit=5&format=csv`,
          origin,
          'The same by the hour, as CSV',
        ),
        runnable(`/v1/instruments?exchange=${exchange}&limit=3`, origin, 'The instruments of an exchange'),
        runnable(`/v1/calendar/${exchange}?start=2026-11-01`, origin, 'Its session dates'),
      ]
    : []
  const sdk = `import { createClient } from '@barkeep/client'
const barkeep = createClient({ url: '${origin}' })
const bars = await barkeep.bars(['${instrument}'], { interval: '1d' })
const table = await barkeep.loadBars({ interval: '1h', instruments: ['${instrument}'] })
console.log(bars.length, table.numRows)`
  return `<h2>Ask over HTTP</h2>
${[...lines, runnable('/v1/exchanges', origin, 'The exchanges that are known')].slice(0, 5).join('\n')}
<h2>Ask from TypeScript</h2>
<div id="sdk">${codeBlock(sdk)}</div>
<p class="soft"><code>await</code> gives the first page, <code>for await</code> all of it; <code>loadBars</code> gives typed columns without an object per row.</p>`
}

const operationsStyle = `
#operations{margin:0 -1.25rem;overflow-x:clip}#operations>p{margin:0 1.25rem}
.swagger-ui .information-container,.swagger-ui .topbar,#operations.open .scheme-container,#operations.open .authorization__btn{display:none}
.swagger-ui .scheme-container{box-shadow:none;background:none;padding:.5rem 0;margin:0}
.swagger-ui .wrapper{max-width:none;padding:0 1.25rem}
.swagger-ui .opblock-tag{font-size:1.15rem}
.swagger-ui .opblock .opblock-summary-path{overflow-wrap:anywhere;word-break:normal}
.swagger-ui table{width:100%}
html.dark-mode,html.dark-mode .swagger-ui{background:var(--paper)}
@media(max-width:640px){
.swagger-ui .opblock-summary .view-line-link.copy-to-clipboard{display:none}
.swagger-ui .opblock .opblock-summary-path-description-wrapper{flex:1 1 0;min-width:0;flex-wrap:wrap}
.swagger-ui .opblock .opblock-summary-control{min-width:0}
.swagger-ui .opblock .opblock-summary-method{min-width:4.2rem;font-size:.75rem;padding:.4rem 0}
.swagger-ui .opblock .opblock-summary-path{max-width:100%;font-size:.85rem}
.swagger-ui .opblock .opblock-summary-description{flex-basis:100%;padding:.2rem .3rem 0}
.swagger-ui .opblock-tag small{display:none}
.swagger-ui .parameters-container .parameters,.swagger-ui .parameters tbody,.swagger-ui .parameters tr,.swagger-ui .parameters td{display:block;width:100%;max-width:none}
.swagger-ui .parameters thead{display:none}
.swagger-ui .parameters-col_description input,.swagger-ui .parameters-col_description select{max-width:100%;width:100%}
.swagger-ui .opblock-body pre.microlight{font-size:.75rem}
}
`

const operationsScript = `
const dark = matchMedia('(prefers-color-scheme: dark)')
const show = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', show)
show()
document.addEventListener('DOMContentLoaded', () => {
  SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#operations',
    deepLinking: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    persistAuthorization: true,
    defaultModelsExpandDepth: -1,
    docExpansion: 'list',
    validatorUrl: null,
  })
})
`
