// node examples/serve-search.mjs: shows search.html at http://127.0.0.1:8090 over the server at BARKEEP_URL.
// The page comes from here and asks here, and what it asks is handed on, so that no server has to trust another origin.
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const PORT = Number(process.env.PORT ?? 8_090)
const barkeep = new URL(process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080')
const client = fileURLToPath(new URL('../packages/client/src/', import.meta.url))

const { outputFiles } = await build({
  stdin: { contents: "export * from './index.ts'", resolveDir: client, loader: 'ts' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  conditions: ['source'],
  outdir: '/sdk',
  entryNames: 'entry',
  write: false,
})
const files = new Map(outputFiles.map(({ path, contents }) => [path, { type: 'text/javascript', content: contents }]))
const page = () => ({
  type: 'text/html; charset=utf-8',
  content: readFileSync(new URL('search.html', import.meta.url)),
})

const server = createServer((asked, answer) => {
  const path = asked.url?.split('?')[0] ?? '/'
  const file = path === '/' ? page() : files.get(path)
  if (file !== undefined) return answer.writeHead(200, { 'content-type': file.type }).end(file.content)
  const headers = { ...asked.headers, host: barkeep.host }
  const passed = request(new URL(asked.url ?? '/', barkeep), { method: asked.method, headers }, (given) => {
    answer.writeHead(given.statusCode ?? 502, given.headers)
    given.pipe(answer)
  })
  passed.on('error', (error) => answer.writeHead(502).end(error.message))
  // Who leaves a search must be seen to leave.
  answer.on('close', () => passed.destroy())
  asked.pipe(passed)
})
server.listen(PORT, '127.0.0.1', () => console.log(`Search at http://127.0.0.1:${server.address().port}`))
