import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileName = 'owner.key'

/**
 * Leaves the key of this start where only the user of the server can read it. So its commands on the same machine need
 * no other: whoever reads the data directory has everything anyway.
 */
export function publishOwnerKey(directory: string, key: string): { withdraw(): void } {
  const path = join(directory, fileName)
  // A file that is there already would keep its mode.
  rmSync(path, { force: true })
  writeFileSync(path, key, { mode: 0o600, flag: 'wx' })
  return { withdraw: () => rmSync(path, { force: true }) }
}

/** The key of the server that owns a data directory; undefined where there is none, or it is another user's. */
export function readOwnerKey(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, fileName), 'utf8')
  } catch {
    return undefined
  }
}
