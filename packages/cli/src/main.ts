import { readFileSync } from 'node:fs'
import { BarkeepError } from '@barkeep/core'
import { environmentName, type SettingKey, settings, shownSetting } from '@barkeep/server'
import { Command } from 'commander'
import { demo } from './demo.js'
import { importBars } from './import.js'
import { importFormatsHelp } from './import-formats.js'
import { importRows } from './import-rows.js'
import { printBars, printCalendar, printDatasets, printExchanges, printInstruments, printStatus } from './read.js'
import { readConfig, serve } from './serve.js'
import { addSettingFlags, type Flags, settingFlags } from './setting-flags.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const program = new Command('barkeep').description('A self-hosted market-data server.').version(version)

function command(usage: string, description: string): Command {
  const made = program.command(usage).description(description)
  addSettingFlags(made)
  return made
}

command('serve', 'start the server on an empty or existing data directory').action((options: Flags) =>
  serve(settingFlags(options)),
)

command('demo', 'start the server and fill it from the simulated exchange').action((options: Flags) =>
  demo(settingFlags(options)),
)

command('import <paths...>', 'bring bars in from files, or rows of any other table with --dataset')
  .option(
    '--format <id>',
    'how the files are written: of bars one of those listed below; of rows json, ndjson, csv, arrow, parquet',
  )
  .option('--dataset <name>', 'put the rows into this dataset, which is made where it is new')
  .option('--key <columns>', 'columns that tell a row of a new dataset from all others')
  .option('--title <text>', 'title of a new dataset')
  .option('--licence <text>', 'licence of a new dataset')
  .option('--source <text>', 'where a new dataset comes from')
  .option('--exchange <code>', "the exchange, where it is not the format's own")
  .option('--interval <interval>', 'the interval, where the files do not tell')
  .option('--strict', 'stop at the first row that is refused for another reason than no trade')
  .option('--refused <file>', 'where to write refused rows when they are many', 'refused.csv')
  .addHelpText('after', importFormatsHelp)
  .action((paths: string[], options: Flags & { strict?: boolean }) =>
    options.dataset === undefined
      ? importBars(paths, options, settingFlags(options))
      : importRows(paths, options.dataset, options, settingFlags(options)),
  )

command('bars <instruments>', 'print bars, e.g. TWSE:2330,TWSE:2409')
  .requiredOption('--interval <interval>', '1m 5m 15m 30m 1h 4h 1d 1w 1mo')
  .option('--start <time>', 'session date, or instant with an offset')
  .option('--end <time>', 'the same; not included')
  .option('--columns <names>', 'comma-separated')
  .option('--format <format>', 'csv, ndjson or arrow', 'csv')
  .action((instruments: string, options: Flags) => printBars(instruments, options, settingFlags(options)))

command('instruments', 'print the instruments')
  .option('--exchange <code>', 'only of this exchange')
  .action((options: Flags) => printInstruments(options, settingFlags(options)))

command('exchanges', 'print the exchanges').action((options: Flags) => printExchanges(settingFlags(options)))

command('datasets', 'print the datasets with their keys').action((options: Flags) =>
  printDatasets(settingFlags(options)),
)

command('calendar <exchange>', 'print the session dates of which there are bars')
  .option('--start <date>', 'first session date')
  .option('--end <date>', 'the session date after the last')
  .action((exchange: string, options: Flags) => printCalendar(exchange, options, settingFlags(options)))

command('status', 'say whether a server owns the data directory, and what it holds').action((options: Flags) =>
  printStatus(settingFlags(options)),
)

command('config', 'print all settings with the values in force').action((options: Flags) => {
  const config = readConfig(settingFlags(options))
  for (const key of Object.keys(settings) as SettingKey[]) {
    console.log(`${key} = ${shownSetting(config, key)}\n    ${settings[key].help} (${environmentName(key)})`)
  }
})

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof BarkeepError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
