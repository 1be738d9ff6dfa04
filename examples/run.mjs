// npm run example -- NAME: bundles examples/NAME.ts, SDK included, and runs it, so that examples need no build.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
const name = process.argv[2]
if (names.includes(name)) {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-example-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const outfile = join(directory, `${name}.mjs`)
  await build({
    entryPoints: [join(folder, `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    outfile,
  })
  await import(pathToFileURL(outfile).href)
} else {
  console.error(`There is no example ${name ?? 'without a name'}. There are: ${names.join(', ')}.`)
  process.exitCode = 1
}
