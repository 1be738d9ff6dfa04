import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'

export interface SdkBundle {
  /** File name → code. What `entry` imports dynamically has files of its own. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** What went into which file, and what was imported. */
  readonly metafile: Metafile
}

/** Bundles TypeScript for a browser the way an application would; `code` is a module in the client's source folder. */
export async function bundleSdk(code: string): Promise<SdkBundle> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: code,
      resolveDir: fileURLToPath(new URL('../../packages/client/src', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    conditions: ['source'],
    outdir: '/',
    entryNames: 'entry',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  return { files: new Map(outputFiles.map(({ path, contents }) => [basename(path), contents])), metafile }
}
