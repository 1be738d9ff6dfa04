import { readFileSync } from 'node:fs'
import { BarkeepError } from '@barkeep/core'
import { environmentName, type SettingKey, settings } from '@barkeep/server'
import { Command } from 'commander'
import { demo } from './demo.js'
import { importBars } from './import.js'
import { printBars, printCalendar, printExchanges, printInstruments, printStatus } from './read.js'
import { readConfig, serve } from './serve.js'

/** Every setting is a flag of the same name on every command. */
export type Flags = Readonly<Record<string, string | undefined>>

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const program = new Command('barkeep').description('A self-hosted market-data server.').version(version)

function command(usage: string, description: string): Command {
  const made = program.command(usage).description(description)
  for (const [key, { help, default: fallback }] of Object.entries(settings)) {
    made.option(`--${key} <value>`, `${help} (${environmentName(key)}; default ${fallback})`)
  }
  return made
}

/** Commander folds `--api.rowsPerPage` as it stands, so the options are the flags. */
const flagsOf = (options: Flags): Flags =>
  Object.fromEntries(Object.entries(options).filter(([key]) => key in settings))

command('serve', 'start the server on an empty or existing data directory').action((options: Flags) =>
  serve(flagsOf(options)),
)

command('demo', 'start the server and fill it from the simulated exchange').action((options: Flags) =>
  demo(flagsOf(options)),
)

command('import <paths...>', 'bring bars in from files')
  .requiredOption('--format <id>', 'taiwan-daily, lean, yahoo-csv or generic')
  .option('--exchange <code>', "the exchange, where it is not the format's own")
  .option('--interval <interval>', 'the interval, where the files do not tell')
  .option('--strict', 'stop at the first row that is refused for another reason than no trade')
  .option('--refused <file>', 'where to write refused rows', 'refused.csv')
  .action((paths: string[], options: Flags & { strict?: boolean }) => importBars(paths, options, flagsOf(options)))

command('bars <instruments>', 'print bars, e.g. TWSE:2330,TWSE:2409')
  .requiredOption('--interval <interval>', '1m 5m 15m 30m 1h 4h 1d 1w 1mo')
  .option('--start <time>', 'session date, or instant with an offset')
  .option('--end <time>', 'the same; not included')
  .option('--columns <names>', 'comma-separated')
  .option('--format <format>', 'csv, ndjson or arrow', 'csv')
  .action((instruments: string, options: Flags) => printBars(instruments, options, flagsOf(options)))

command('instruments', 'print the instruments')
  .option('--exchange <code>', 'only of this exchange')
  .action((options: Flags) => printInstruments(options, flagsOf(options)))

command('exchanges', 'print the exchanges').action((options: Flags) => printExchanges(flagsOf(options)))

command('calendar <exchange>', 'print the session dates of which there are bars')
  .option('--start <date>', 'first session date')
  .option('--end <date>', 'the session date after the last')
  .action((exchange: string, options: Flags) => printCalendar(exchange, options, flagsOf(options)))

command('status', 'say whether a server owns the data directory, and what it holds').action((options: Flags) =>
  printStatus(flagsOf(options)),
)

command('config', 'print all settings with the values in force').action((options: Flags) => {
  const config = readConfig(flagsOf(options))
  for (const key of Object.keys(settings) as SettingKey[]) {
    console.log(`${key} = ${config[key]}\n    ${settings[key].help} (${environmentName(key)})`)
  }
})

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof BarkeepError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
