import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundleSdk } from './bundle-sdk.js'

/** Minified and gzipped; what a page loads before it asks anything. Raise it only with a reason in the commit. */
const CORE_BYTES_MAX = 10 * 1_024
/** The same for what `loadBars` and `barBatches` load in addition, once. */
const ARROW_BYTES_MAX = 10 * 1_024
/** The same for `stream` and `publish`: nine tenths of it are socket.io. */
const LIVE_BYTES_MAX = 18 * 1_024

const { files, metafile } = await bundleSdk("export * from './index.ts'")
const outputs = metafile.outputs
const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === '<stdin>') ?? ''
const core = filesOf(entry)

test('the core entry stays within its budget', () => {
  const bytes = gzippedBytes(core)
  expect(bytes, `the core entry has ${bytes} bytes of ${CORE_BYTES_MAX}`).toBeLessThanOrEqual(CORE_BYTES_MAX)
})

test.each([
  ['Arrow', 'arrow.ts', 'flechette', ARROW_BYTES_MAX],
  ['live', 'live.ts', 'socket.io-client', LIVE_BYTES_MAX],
])('the %s part loads lazily and stays within its budget', (name, file, dependency, bytesMax) => {
  const lazy = lazyFilesOf(file)
  const bytes = gzippedBytes(lazy)
  expect(bytes, `the ${name} part has ${bytes} bytes of ${bytesMax}`).toBeLessThanOrEqual(bytesMax)
  expect(sourcesOf(lazy).some((source) => source.includes(dependency))).toBe(true)
})

test('the core entry holds the sources of client and core, and nothing else', () => {
  const foreign = sourcesOf(core).filter((source) => !/^(<stdin>|packages\/(client|core)\/src\/)/.test(source))
  expect(foreign).toEqual([])
})

test('nothing of it imports what only Node has: the bundle above could not have been built', async () => {
  await expect(bundleSdk("export * from './index.ts'; import 'node:fs'")).rejects.toThrow(/node:fs/)
})

/** What is loaded for a file of the client, and not with the core entry. */
function lazyFilesOf(file: string): string[] {
  const path = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === `packages/client/src/${file}`) ?? ''
  return [...filesOf(path)].filter((name) => !core.has(name))
}

/** A file and all that it imports before it runs. */
function filesOf(path: string): Set<string> {
  const found = new Set<string>()
  const add = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    for (const item of outputs[name]?.imports ?? []) if (item.kind === 'import-statement') add(item.path)
  }
  add(path)
  return found
}

function gzippedBytes(paths: Iterable<string>): number {
  let bytes = 0
  for (const path of paths) bytes += gzipSync(files.get(basename(path)) ?? new Uint8Array()).byteLength
  return bytes
}

function sourcesOf(paths: Iterable<string>): string[] {
  return [...paths].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}))
}
