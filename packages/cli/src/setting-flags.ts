import { connectorSettings, environmentName, settings } from '@barkeep/server'
import { type Command, Option } from 'commander'

/** Options of a command by name; every setting is among them under its key. */
export type Flags = Readonly<Record<string, string | undefined>>

/** Settings that matter to most commands; their help would drown in all. */
const shownEverywhere = ['data', 'host', 'port', 'store.url']
/** Those that matter to a command instead; the server shows all. */
const shownIn: Readonly<Record<string, readonly string[]>> = { worker: ['redis.url', 'crawl.concurrencyMax'] }

/** Makes every setting a flag of the command: `--store.url`, or `--store-url` for who prefers hyphens. */
export function addSettingFlags(command: Command): void {
  for (const [key, { help, default: fallback }] of Object.entries(settings)) {
    const option = new Option(`--${key} <value>`, `${help} (${environmentName(key)}; default ${fallback})`)
    const shown = shownIn[command.name()] ?? shownEverywhere
    const isShown = shown.includes(key) || command.name() === 'serve'
    command.addOption(isShown ? option : option.hideHelp())
    if (key.includes('.')) command.addOption(new Option(`--${dashed(key)} <value>`).hideHelp())
  }
  for (const key of connectorSettings) command.addOption(new Option(`--${key} <value>`).hideHelp())
}

/** The settings among the options of a command. */
export function settingFlags(options: Flags): Flags {
  return Object.fromEntries(
    [...Object.keys(settings), ...connectorSettings].map((key) => [key, options[key] ?? options[folded(key)]]),
  )
}

/** `api.rowsPerPage` → `api-rows-per-page`. */
function dashed(key: string): string {
  return key.replaceAll('.', '-').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** What commander makes of the hyphens: `api-rows-per-page` → `apiRowsPerPage`. */
function folded(key: string): string {
  return key.replaceAll(/\.(.)/g, (_, letter: string) => letter.toUpperCase())
}
