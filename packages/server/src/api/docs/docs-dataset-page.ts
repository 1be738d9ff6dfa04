import type { DatasetColumn } from '@barkeep/core'
import Type from 'typebox'
import type { RowSource } from '../../store/datasets/dataset-source.js'
import { rowsQuery } from '../../store/datasets/dataset-sql.js'
import type { Api, ApiContext } from '../context.js'
import { plainPaths } from '../datasets/plain-api.js'
import { codeBlock, docsFrame, escapeHtml, runnable } from './docs-frame.js'
import { originOf } from './docs-page.js'

/** A page for every dataset: what its rows are, and requests that run as they stand. */
export function datasetDocs(app: Api, context: ApiContext): void {
  const { store, sources, config } = context
  const [plainPath] = plainPaths(config)
  app.get(
    '/docs/datasets/:name',
    { schema: { params: Type.Object({ name: Type.String() }), hide: true } },
    async (request, reply) => {
      const source = sources.get(request.params.name)
      const { dataset } = source
      const { sql, params } = rowsQuery({ source, columns: dataset.columns, filters: [], sort: [], limit: 1 })
      const [row] = await store.rows<Record<string, unknown>>(sql, params)
      const page = datasetPage(source, row, originOf(request), plainPath)
      return reply.type('text/html; charset=utf-8').send(docsFrame({ title: `${dataset.title}: Barkeep`, body: page }))
    },
  )
}

function datasetPage(
  { dataset: { name, title, licence, source, key, columns }, isLarge = false }: RowSource,
  row: Readonly<Record<string, unknown>> | undefined,
  origin: string,
  plainPath: string | undefined,
): string {
  const rows = `/v1/datasets/${name}/rows`
  const told = [licence && `Licence: ${escapeHtml(licence)}.`, source && `Source: ${escapeHtml(source)}.`]
  const lines = columns.map(
    ({ name: column, type, nullable, title: meaning = '' }) =>
      `<tr><td><code>${escapeHtml(column)}</code></td><td>${type}${nullable ? ' or null' : ''}</td><td>${key.includes(column) ? 'yes' : ''}</td><td>${escapeHtml(meaning)}</td></tr>`,
  )
  const examples = [
    { path: `${rows}?limit=3`, what: 'The first rows' },
    ...(row === undefined ? [] : examplesOfRow(rows, row, key, columns, isLarge)),
    { path: `${rows}?limit=3&format=csv`, what: 'As CSV; also `ndjson`, `arrow`, `parquet`, `xml` and `protobuf`' },
    ...(plainPath === undefined
      ? []
      : [{ path: `${plainPath}/${name}?$start=0&$take=3`, what: 'As a bare list, by number' }]),
    // OData knows no hyphen in a name.
    { path: `/odata/v4/${name.replaceAll('-', '_')}?$top=3`, what: 'For Excel and Power BI' },
  ]
  const sdk = `import { createClient } from '@barkeep/client'
const barkeep = createClient({ url: '${origin}' })
const rows = await barkeep.dataset('${name}').rows({ limit: 3 })
console.log(rows)`
  return `<h1>${escapeHtml(title)}</h1>
<p class="lead">The dataset <code>${escapeHtml(name)}</code>. ${told.filter(Boolean).join(' ')}</p>
<h2>Columns</h2>
<div class="scroll"><table><tr><th>Name</th><th>Type</th><th>Of the key</th><th>Meaning</th></tr>${lines.join('')}</table></div>
<h2>Ask over HTTP</h2>
${examples.map(({ path, what }) => runnable(path, origin, what)).join('\n')}
<h2>Ask from TypeScript</h2>
${codeBlock(sdk)}
<p class="soft"><code>barkeep types ${escapeHtml(name)}</code> writes the type of a row. Its Protobuf message is at <a href="/v1/datasets/${name}.proto">/v1/datasets/${escapeHtml(name)}.proto</a>, its definition at <a href="/v1/datasets/${name}">/v1/datasets/${escapeHtml(name)}</a>.</p>`
}

/** Requests about a row that is there. */
function examplesOfRow(
  rows: string,
  row: Readonly<Record<string, unknown>>,
  key: readonly string[],
  columns: readonly DatasetColumn[],
  isLarge: boolean,
): { path: string; what: string }[] {
  const keyText = key.map((column) => String(row[column])).join(',')
  const filtered = columns.find(({ name }) => row[name] !== null && String(row[name]).length < 60)
  const sorted = columns.find(({ type }) => type !== 'string') ?? columns[0]
  return [
    { path: `${rows}/${encodeURIComponent(keyText)}`, what: 'One row, by its key' },
    ...(filtered === undefined
      ? []
      : [
          {
            path: `${rows}?${encodeURIComponent(filtered.name)}=${encodeURIComponent(String(row[filtered.name]))}&limit=3`,
            what: `Rows with a value; also \`${filtered.name}.gte=\`, \`.lt=\`, \`.in=a,b\``,
          },
        ]),
    ...(sorted === undefined || isLarge
      ? []
      : [
          {
            path: `${rows}?sort=-${encodeURIComponent(sorted.name)}&limit=3`,
            what: `Sorted by \`${sorted.name}\`, descending`,
          },
        ]),
  ]
}
