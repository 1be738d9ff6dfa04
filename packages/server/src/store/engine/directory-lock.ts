import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BarkeepError } from '@barkeep/core'

/** Who owns a data directory, so that others can find it: the CLI reads `url` to go through the running server. */
export interface Owner {
  readonly pid: number
  readonly url: string | null
}

/** What the file holds. */
interface Entry extends Owner {
  /** When the process started, as the system counts it; null where the system does not say. */
  readonly started: string | null
}

const fileName = 'owner.json'

/** The living owner of a data directory, or undefined. A file left by a killed process does not count. */
export function readOwner(directory: string): Owner | undefined {
  const entry = readEntry(directory)
  return entry !== undefined && isAlive(entry) ? { pid: entry.pid, url: entry.url } : undefined
}

/**
 * Takes a data directory for this process. Throws STORE_LOCKED when a living process has it, this one included.
 * Two that find a dead owner in the same instant may both remove its file; the engine's own lock stops the second.
 */
export function lockDirectory(directory: string): { publish(url: string): void; release(): void } {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, fileName)
  const mine = (url: string | null) =>
    JSON.stringify({ pid: process.pid, url, started: startOf(process.pid) } satisfies Entry)
  if (!createFile(path, mine(null))) {
    refuseOwner(directory)
    rmSync(path, { force: true })
    if (!createFile(path, mine(null))) throw locked(directory, readOwner(directory))
  }
  return {
    publish(url) {
      // Renamed into place, because a reader must never see half a file.
      writeFileSync(`${path}.new`, mine(url))
      renameSync(`${path}.new`, path)
    },
    release() {
      if (readEntry(directory)?.pid === process.pid) rmSync(path, { force: true })
    },
  }
}

function refuseOwner(directory: string): void {
  const owner = readOwner(directory)
  if (owner !== undefined) throw locked(directory, owner)
}

function locked(directory: string, owner: Owner | undefined): BarkeepError {
  const who = owner === undefined ? 'Another process' : `Process ${owner.pid}`
  const where = owner === undefined || owner.url === null ? '' : ` and answers at ${owner.url}`
  return new BarkeepError('STORE_LOCKED', {
    message: `${who} owns the data directory '${directory}'${where}. Use it, stop it, or choose another with --data.`,
  })
}

/** False when the file is there already. */
function createFile(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

function readEntry(directory: string): Entry | undefined {
  try {
    const entry: Partial<Entry> = JSON.parse(readFileSync(join(directory, fileName), 'utf8'))
    const { pid, url = null, started = null } = entry
    return Number.isSafeInteger(pid) && pid !== undefined && pid > 0 ? { pid, url, started } : undefined
  } catch {
    return undefined
  }
}

function isAlive({ pid, started }: Entry): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // A process of another user may not be signalled, and lives.
    if (systemCode(error) !== 'EPERM') return false
  }
  // A number is used again after a restart of the machine or container: then the process started at another time.
  const now = startOf(pid)
  return started === null || now === null || started === now
}

/** The start of a process, in ticks since the machine's own start. Known on Linux only. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name in brackets, may hold spaces; the start is the 22nd field.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
