import { type FileFormat, readFormats } from '@barkeep/connectors'
import { BarkeepError, nearestName } from '@barkeep/core'
import type { Config } from '@barkeep/server'
import { readConfig } from './serve.js'

const CONFIG_FILE = 'barkeep.config.json'

/** The shipped formats and those of the configuration. Throws INVALID_SETTING when one of these is none. */
export function importFormats({ formats }: Pick<Config, 'formats'>): readonly FileFormat[] {
  return readFormats(formats, `${CONFIG_FILE}: formats`)
}

/** Throws UNKNOWN_FORMAT, which names all that there are. */
export function findFormat(formats: readonly FileFormat[], wanted: string | undefined): FileFormat {
  const format = formats.find(({ id }) => id === wanted)
  if (format !== undefined) return format
  const ids = formats.map(({ id }) => id)
  const near = wanted === undefined ? undefined : nearestName(wanted, ids)
  const what =
    wanted === undefined ? '--format is missing: it says how the files are laid out.' : `'${wanted}' is not a format.`
  throw new BarkeepError('UNKNOWN_FORMAT', {
    message: `${what} There are ${ids.join(', ')}.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
  })
}

/** The list of formats below the help of `import`. */
export function importFormatsHelp(): string {
  const formats = importFormats(readConfig({}))
  const width = Math.max(...formats.map(({ id }) => id.length))
  const lines = formats.map(({ id, title }) => `  ${id.padEnd(width)}  ${title}`)
  return `\nFormats; your own are declared under \`formats\` in ${CONFIG_FILE}:\n${lines.join('\n')}`
}
