import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { BarkeepError, type Handler, type JsonObject, type KeptInterval } from '@barkeep/core'
import { expandPaths } from './expand-paths.js'
import type { FilePageParams } from './file-page.js'
import { type FoundFolder, settingsOf } from './folders.js'
import { importedFiles } from './imported-files.js'
import { localOf } from './local-of.js'
import { locate } from './locate.js'

export type FolderPageParams = {
  /** Its name in the settings. */
  readonly folder: string
  readonly interval: KeptInterval
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
  /** Files that were read and have not changed as well. */
  readonly again: boolean
  /** The last file of the page before; empty for the first page. */
  readonly after: string
}

/** Files of a folder that one task looks at. */
const FILES_PER_PAGE = 1_000

/**
 * The files of a folder that have bars of the interval and are not known as they are: a task for each.
 * Throws UNREADABLE_FILE, INVALID_SETTING.
 */
export const folderPage: Handler<FolderPageParams> = async (task, context) => {
  const { folder: name, interval, start, end, again, after } = task.params
  const local = localOf(context)
  const folder = settingsOf(local.setting).find(name)
  const all = await filesOf(folder, name)
  const files = all.filter((path) => path > after).slice(0, FILES_PER_PAGE)
  const known = again
    ? new Map()
    : await local.kept(
        importedFiles.name,
        files.map((path) => `${name}/${path}`),
      )
  const tasks: FilePageParams[] = []
  for (const path of files) {
    if (intervalOf(folder, name, path) !== interval) continue
    const { size, mtimeMs } = await stat(resolve(folder.path, path))
    const version = `${size}-${Math.floor(mtimeMs)}-${folder.digest}`
    if (isKnown(known.get(`${name}/${path}`), version, start, end)) continue
    tasks.push({
      folder: name,
      path,
      interval,
      start,
      end,
      version,
      part: 0,
      lines: 0,
      kept: 0,
      refused: 0,
      outside: 0,
    })
  }
  const last = files.at(-1)
  const hasMore = last !== undefined && last !== all.at(-1)
  return {
    task,
    data: { covers: [] },
    nextTasks: [
      ...tasks.map((params) => ({ connector: 'file', handler: 'file', params })),
      ...(hasMore ? [{ ...task, params: { ...task.params, after: last } }] : []),
    ],
  }
}

/** Paths within the folder, in one order whatever the disk's. */
async function filesOf({ path, declaration }: FoundFolder, name: string): Promise<string[]> {
  const root = resolve(path)
  const found = await expandPaths([root], declaration).catch((cause: unknown) => {
    // Where folders lie is the operator's business: an answer of the server names them by their names.
    throw new BarkeepError('UNREADABLE_FILE', { message: `The folder '${name}' cannot be read.`, cause })
  })
  return found.map((file) => relative(root, file)).sort((a, b) => (a < b ? -1 : 1))
}

function intervalOf({ declaration, interval: told }: FoundFolder, name: string, path: string): KeptInterval {
  const interval = locate(declaration, path)?.interval ?? told ?? declaration.interval
  if (interval !== undefined) return interval
  throw new BarkeepError('INVALID_SETTING', {
    message: `connectors.file.folders.${name}: nothing tells the interval of ${path}. Give the folder one: 1m, 1h or 1d.`,
  })
}

/** Whether a file was read to its end as it is now, with all dates that are wanted now. */
function isKnown(row: JsonObject | undefined, version: string, start: string, end: string): boolean {
  if (row === undefined || row.version !== version) return false
  const reaches = (bound: unknown, isEnough: (date: string) => boolean) =>
    bound === null || (typeof bound === 'string' && isEnough(bound))
  return reaches(row.start, (date) => date <= start) && reaches(row.end, (date) => date >= end)
}
