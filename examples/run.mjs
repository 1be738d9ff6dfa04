// npm run example -- NAME: bundles examples/NAME.ts, SDK included, and runs it, so that examples need no build.
// npm run example -- NAME.html: serves that page on a port of its own until Ctrl-C.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { servePage } from './serve-page.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
const pages = readdirSync(folder).filter((file) => file.endsWith('.html'))
const name = process.argv[2]
if (pages.includes(name)) {
  const { url } = await servePage(join(folder, name), process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080')
  console.log(`Open ${url} in a browser. Ctrl-C stops it.`)
} else if (names.includes(name)) {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-example-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const outfile = join(directory, `${name}.mjs`)
  await build({
    entryPoints: [join(folder, `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    // The WebSockets of Node come as CommonJS, which asks for what Node has by `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    outfile,
  })
  await import(pathToFileURL(outfile).href)
} else {
  console.error(`There is no example ${name ?? 'without a name'}. There are: ${[...names, ...pages].join(', ')}.`)
  process.exitCode = 1
}
