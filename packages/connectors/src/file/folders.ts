import { createHash } from 'node:crypto'
import {
  BarkeepError,
  type ConnectorSetting,
  exchangeCodePattern,
  isKeptInterval,
  type JsonValue,
  type KeptInterval,
  keptIntervals,
  shorten,
} from '@barkeep/core'
import { didYouMean, invalid } from './check-format.js'
import { type FileFormat, toldFields } from './format.js'
import { readFormats } from './read-formats.js'
import { readTold, type Told } from './tell-format.js'

/** A folder that the connector may read, under a name of its own: callers name it, and never a path. */
export type Folder = Partial<Told> & {
  readonly path: string
  /** Id of a format. */
  readonly format: string
  /** Where neither path, row nor format tells it. */
  readonly exchange?: string
  readonly interval?: KeptInterval
}

/** What the handlers and plans of the connector know of the configuration. */
export interface FolderSettings {
  readonly folders: ReadonlyMap<string, Folder>
  /** Throws INVALID_SETTING for a name that is not in `folders`, and for a format that is none. */
  find(name: string): FoundFolder
}

export interface FoundFolder extends Folder {
  readonly declaration: FileFormat
  /** Another text when anything changes that a line is read by. */
  readonly digest: string
}

const where = 'connectors.file.folders'
const nameShape = /^[a-z][a-z0-9-]{0,31}$/
const fields = ['path', 'format', 'exchange', 'interval', ...toldFields]

/** Both are checked as the configuration is loaded, but for formats, of which only their reader knows what they are. */
export const folderSettings: readonly ConnectorSetting[] = [
  {
    name: 'folders',
    help: 'Folders that may be read, by name: {"broker": {"path": "/data/broker", "format": "generic", "interval": "1m"}}.',
    read: readFolders,
  },
  {
    name: 'formats',
    help: 'Import formats of your own.',
    isShared: true,
    read: (value, place) => jsonOf(value, place) ?? null,
  },
]

export function settingsOf(setting: (name: string) => JsonValue | undefined): FolderSettings {
  const folders = new Map(Object.entries((setting('folders') ?? {}) as Record<string, Folder>)) // as readFolders gave it
  return {
    folders,
    find(name) {
      const folder = folders.get(name)
      if (folder === undefined) throw invalid(where, `there is no folder '${shorten(name)}'`)
      const formats = readFormats(setting('formats') ?? undefined, 'barkeep.config.json: formats')
      const format = formats.find(({ id }) => id === folder.format)
      if (format === undefined) {
        const ids = formats.map(({ id }) => id)
        throw invalid(
          `${where}.${name}.format`,
          `'${shorten(folder.format)}' is not a format.${didYouMean(folder.format, ids)}`,
        )
      }
      const declaration = { ...format, ...readTold(folder, (field) => `${where}.${name}.${field}`) }
      const { exchange = null, interval = null } = folder
      const digest = createHash('sha256').update(JSON.stringify({ declaration, exchange, interval }))
      return { ...folder, declaration, digest: digest.digest('base64url').slice(0, 12) }
    },
  }
}

function readFolders(value: unknown, place: string): JsonValue {
  const declared = jsonOf(value, place) ?? {}
  if (!isRecord(declared)) throw invalid(place, 'it must be an object of folders by name')
  return Object.fromEntries(
    Object.entries(declared).map(([name, folder]) => [name, readFolder(name, folder, `${place}: ${name}`)]),
  )
}

function readFolder(name: string, folder: JsonValue, place: string): Folder {
  if (!nameShape.test(name)) throw invalid(place, 'name it with small letters, digits and hyphens')
  if (!isRecord(folder)) throw invalid(place, 'it must be an object with path and format')
  const unknown = Object.keys(folder).find((key) => !fields.includes(key))
  if (unknown !== undefined)
    throw invalid(`${place}.${unknown}`, `there is no such field.${didYouMean(unknown, fields)}`)
  const { path, format, exchange, interval } = folder
  if (typeof path !== 'string' || path === '') throw invalid(`${place}.path`, 'it must be a folder of this machine')
  if (typeof format !== 'string') throw invalid(`${place}.format`, 'it must be the id of a format')
  if (exchange !== undefined && !(typeof exchange === 'string' && new RegExp(exchangeCodePattern).test(exchange))) {
    throw invalid(`${place}.exchange`, 'it must be a code such as TWSE')
  }
  if (interval !== undefined && !(typeof interval === 'string' && isKeptInterval(interval))) {
    throw invalid(`${place}.interval`, `it must be one of ${keptIntervals.join(', ')}`)
  }
  return {
    ...{ path, format, ...readTold(folder, (field) => `${place}.${field}`) },
    ...(exchange !== undefined && { exchange }),
    ...(interval !== undefined && { interval }),
  }
}

/** A setting is JSON where it stands in a file, and the text of JSON in a flag or the environment. */
function jsonOf(value: unknown, place: string): JsonValue | undefined {
  if (typeof value !== 'string') return value as JsonValue | undefined // parsed from JSON, or not set
  try {
    const parsed: JsonValue = JSON.parse(value)
    return parsed
  } catch (cause) {
    throw new BarkeepError('INVALID_SETTING', { message: `${place}: '${shorten(value)}' is not JSON.`, cause })
  }
}

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
