import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BarkeepError } from '@barkeep/core'
import type { FileFormat } from './format.js'
import { locate } from './locate.js'

/**
 * The files that the paths mean: a file stands for itself, a directory for all below it that the format's path patterns
 * match (hidden ones left out), sorted by name so that two runs read in the same order.
 * Throws UNREADABLE_FILE for a path that is not there.
 */
export async function expandPaths(paths: readonly string[], format: FileFormat): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    const found = await stat(path).catch((cause: unknown) => {
      throw new BarkeepError('UNREADABLE_FILE', { message: `${path}: there is no such file or directory.`, cause })
    })
    if (found.isDirectory()) await walk(path, format, files)
    else files.push(path)
  }
  return [...new Set(files)]
}

async function walk(folder: string, format: FileFormat, files: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await walk(path, format, files)
    else if (locate(format, path) !== undefined) files.push(path)
  }
}
