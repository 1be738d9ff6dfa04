import { readFileSync } from 'node:fs'
import { BarkeepError, nearestName } from '@barkeep/core'

interface Setting<Value extends string | number> {
  readonly default: Value
  readonly help: string
}

const text = (value: string, help: string): Setting<string> => ({ default: value, help })
const number = (value: number, help: string): Setting<number> => ({ default: value, help })

/** All settings, once. `barkeep.config.json` < `BARKEEP_*` in the environment < flags. */
export const settings = {
  host: text('127.0.0.1', 'Address to listen on. Only loopback: keys come with a later version.'),
  port: number(8080, 'TCP port to listen on; 0 lets the system choose.'),
  data: text('./data', 'Directory of the embedded store.'),
  'api.rowsPerPage': number(1_000, 'Rows of a JSON page when the request does not say `limit`.'),
  'api.rowsPerPageMax': number(100_000, 'Largest `limit`.'),
  'api.instrumentsMax': number(5_000, 'Most instruments that one request may name.'),
  'api.bodyBytesMax': number(2_147_483_648, 'Largest body of a bulk create, bytes.'),
  'store.streamsMax': number(4, 'Big answers that are made at the same time; further ones wait.'),
} as const

type Settings = typeof settings
export type SettingKey = keyof Settings
export type Config = { readonly [Key in SettingKey]: Settings[Key]['default'] extends string ? string : number }

/** `api.rowsPerPage` → `BARKEEP_API_ROWS_PER_PAGE`. */
export function environmentName(key: string): string {
  return `BARKEEP_${key
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`
}

export interface ConfigSources {
  readonly flags?: Readonly<Record<string, string | undefined>>
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Path of a JSON file with the keys above; a missing file is no error. */
  readonly file?: string
}

/** Reads and checks all settings. Throws INVALID_SETTING, naming the setting, its value and where it came from. */
export function loadConfig({ flags = {}, environment = {}, file }: ConfigSources): Config {
  const fromFile = file === undefined ? {} : readConfigFile(file)
  const config: Record<string, string | number> = {}
  for (const key of Object.keys(settings) as SettingKey[]) {
    const candidates: [unknown, string][] = [
      [flags[key], `--${key}`],
      [environment[environmentName(key)], environmentName(key)],
      [fromFile[key], file ?? ''],
    ]
    const [value, origin] = candidates.find(([candidate]) => candidate !== undefined) ?? [
      settings[key].default,
      'default',
    ]
    config[key] = typeof settings[key].default === 'number' ? wholeNumber(key, value, origin) : String(value)
  }
  return config as Config // every key was filled with its type above
}

function readConfigFile(file: string): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch {
    return {}
  }
  const parsed = parseJsonObject(content, file)
  for (const key of Object.keys(parsed)) {
    if (key in settings) continue
    const near = nearestName(key, Object.keys(settings))
    throw new BarkeepError('INVALID_SETTING', {
      message: `${file}: '${key}' is not a setting.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
    })
  }
  return parsed
}

function parseJsonObject(content: string, file: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(content)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  } catch (cause) {
    throw new BarkeepError('INVALID_SETTING', { message: `${file} is not JSON.`, cause })
  }
  throw new BarkeepError('INVALID_SETTING', { message: `${file} must hold one JSON object.` })
}

function wholeNumber(key: string, value: unknown, origin: string): number {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof read === 'number' && Number.isSafeInteger(read) && read >= 0) return read
  throw new BarkeepError('INVALID_SETTING', {
    message: `${key} must be a whole number of 0 or more, but ${origin} gives '${String(value).slice(0, 40)}'.`,
  })
}
