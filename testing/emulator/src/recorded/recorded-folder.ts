import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where recorded bodies lie beside the project; they are never copied into it. */
const folder = fileURLToPath(new URL('../../../../../shared/data/recorded/', import.meta.url))

/** The folder, or undefined where the machine has none. */
export function recordedFolder(): string | undefined {
  return existsSync(folder) ? folder : undefined
}

/** For tests: the folder, else a loud word, and a failure where nothing may be left out. */
export function recordedFolderOrSkip(): string | undefined {
  const present = recordedFolder()
  if (present !== undefined) return present
  if (process.env.CI === 'true') throw new Error(`real data is missing: ${folder}`)
  console.warn(`SKIPPED, real data is missing: ${folder}`)
  return undefined
}
