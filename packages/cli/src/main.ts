import { readFileSync } from 'node:fs'
import { BarkeepError } from '@barkeep/core'
import { environmentName, type SettingKey, settings, shownSetting } from '@barkeep/server'
import { Command } from 'commander'
import { backfill } from './backfill.js'
import {
  printConnectors,
  printCrawlPlan,
  printCrawls,
  printDeadTasks,
  reparse,
  retryDeadTasks,
  startCrawl,
} from './crawl.js'
import { demo } from './demo.js'
import { printCoverage, printGaps } from './gaps.js'
import { importBars } from './import.js'
import { importFormatsHelp } from './import-formats.js'
import { importRows } from './import-rows.js'
import { createKey, listKeys, revokeKey } from './keys.js'
import { printMarketPlan, printMarkets } from './market.js'
import { printBars, printCalendar, printDatasets, printExchanges, printInstruments, printStatus } from './read.js'
import { printSearch } from './search.js'
import { keyVariable, readConfig, serve } from './serve.js'
import { addSettingFlags, type Flags, settingFlags } from './setting-flags.js'
import { tail } from './tail.js'
import { printTypes } from './types.js'
import { worker } from './worker.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const program = new Command('barkeep').description('A self-hosted market-data server.').version(version)

function command(usage: string, description: string, parent = program, isDefault = false): Command {
  const made = parent.command(usage, { isDefault }).description(description)
  addSettingFlags(made)
  // Keys of an imported dataset are its columns.
  if (made.name() !== 'import') {
    made.option('--key <key>', `key to send; others see it in \`ps\`, so rather ${keyVariable} in the environment`)
  }
  return made
}
program.hook('preAction', (_, made) => {
  const { key } = made.opts<Flags>()
  if (key !== undefined && made.name() !== 'import') process.env[keyVariable] = key
})

command('serve', 'start the server on an empty or existing data directory').action((options: Flags) =>
  serve(settingFlags(options)),
)

command('worker', 'ask upstreams for a server that shares its tasks in Redis; start as many as you like')
  .requiredOption('--server <url>', 'the server that owns the store, such as http://nas:8080')
  .action((options: Flags & { server: string }) => worker(options.server, settingFlags(options)))

command('demo', 'start the server and fill it from the simulated exchange').action((options: Flags) =>
  demo(settingFlags(options)),
)

command('import <paths...>', 'bring bars in from files, or rows of any other table with --dataset')
  .option(
    '--format <id>',
    'how the files are written: of bars one of those listed below; of rows json, ndjson, csv, arrow, parquet',
  )
  .option('--dataset <name>', 'put the rows into this dataset, which is made where it is new')
  .option('--types <types>', 'types of columns of a new dataset, BirdNo:integer,SurveyDate:date; or auto')
  .option('--key <columns>', 'columns that tell a row of a new dataset from all others')
  .option('--title <text>', 'title of a new dataset')
  .option('--licence <text>', 'licence of a new dataset')
  .option('--source <text>', 'where a new dataset comes from')
  .option('--exchange <code>', "the exchange, where it is not the format's own")
  .option('--interval <interval>', 'the interval, where the files do not tell')
  .option('--server <url>', `a server on another machine, such as http://nas:8080; it takes the key of ${keyVariable}`)
  .option('--symbol <symbol>', 'the symbol, where the name of the file does not tell it')
  .option('--date-style <style>', 'how dates are written, where files of the format differ, such as mdy or dmy')
  .option('--time-zone <zone>', "the zone of their clock, where it is not the exchange's")
  .option('--label <side>', 'left or right: whether stamps are starts or ends of bars')
  .option('--volume-unit <shares>', 'shares in one unit of volume: 1, or 1000 for lots of 1,000')
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
  .option('--adjust <kinds>', 'split or all, to put prices on one basis over splits, or over dividends, too')
  .option('--adjust-as-of <date>', 'session date on whose basis; that of the latest bar unless given')
  .option('--source <name>', 'what this source said, also where the bars of another are kept')
  .option('--format <format>', 'csv, ndjson or arrow', 'csv')
  .action((instruments: string, options: Flags) => printBars(instruments, options, settingFlags(options)))

command('tail <topic> [instruments]', 'print bars of kmin, khour or kday as they are committed, until Ctrl-C')
  .option('--since <time>', 'first those from this session date or instant on; only new ones unless given')
  .option('--replay <date>', 'those of a past session date instead, as they came')
  .option('--speed <times>', 'how many times as fast, or max', '1')
  .option('--building', 'also bars that are still building up')
  .option('--format <format>', 'table, csv or json', 'table')
  .action((topic: string, instruments: string | undefined, options: Flags & { building?: true }) =>
    tail(topic, instruments, options, settingFlags(options)),
  )

command('instruments', 'print the instruments')
  .option('--exchange <code>', 'only of this exchange')
  .action((options: Flags) => printInstruments(options, settingFlags(options)))

command('exchanges', 'print the exchanges').action((options: Flags) => printExchanges(settingFlags(options)))

command('datasets', 'print the datasets with their keys').action((options: Flags) =>
  printDatasets(settingFlags(options)),
)

command('types [datasets...]', 'print the TypeScript of the rows of datasets, of all unless named').action(
  (names: string[], options: Flags) => printTypes(names, settingFlags(options)),
)

command('search <words...>', 'search the store and all upstreams, and print what is found as it comes')
  .option('--sources <names>', 'comma-separated; all unless given')
  .action((words: string[], options: Flags) => printSearch(words.join(' '), options, settingFlags(options)))

command('calendar <exchange>', 'print the session dates of which there are bars')
  .option('--start <date>', 'first session date')
  .option('--end <date>', 'the session date after the last')
  .action((exchange: string, options: Flags) => printCalendar(exchange, options, settingFlags(options)))

const crawl = program.command('crawl').description('fetch from upstreams, within their limits')
command('status', 'print how far each crawl is, and how each connector fares', crawl, true).action((options: Flags) =>
  printCrawls(settingFlags(options)),
)
for (const [usage, description, run] of [
  ['plan [connector] [plan]', 'say how many requests a crawl takes, how long and which limit binds', printCrawlPlan],
  ['start <connector> <plan>', 'order a crawl and say how far it is', startCrawl],
] as const) {
  const made = command(usage, description, crawl)
    .option('--instruments <names>', 'comma-separated; all that the plan can bring unless given')
    .option('--start <date>', 'first session date')
    .option('--end <date>', 'the session date after the last; through today unless given')
    .option('--option <name=value...>', 'options of the plan, such as search_term=new york')
  if (run === printCrawlPlan) {
    made
      .option('--market [exchange]', 'instead of one crawl: what the declared markets take, or that of an exchange')
      .option('--interval <interval>', 'of a market: 1m 1h 1d; all unless given')
  }
  made.action(
    (connector: string | undefined, plan: string | undefined, options: Flags & { market?: string | true }) => {
      const { market, ...rest } = options
      if (market !== undefined) return printMarketPlan(market, rest, settingFlags(rest))
      if (connector === undefined || plan === undefined)
        return made.error('error: name a connector and a plan, or give --market')
      return run(connector, plan, rest, settingFlags(rest))
    },
  )
}
command('dead', 'print the tasks that failed for good', crawl).action((options: Flags) =>
  printDeadTasks(settingFlags(options)),
)
command('retry <connector>', 'try the dead tasks of a connector again, and let it go on', crawl).action(
  (connector: string, options: Flags) => retryDeadTasks(connector, settingFlags(options)),
)

command('markets', 'print how far each declared market is, who is asked, and who is blocked until when').action(
  (options: Flags) => printMarkets(settingFlags(options)),
)

command('connectors', 'print the upstreams and what each can bring').action((options: Flags) =>
  printConnectors(settingFlags(options)),
)

command('reparse <connector>', 'read the archived pages of a connector again, without a request').action(
  (connector: string, options: Flags) => reparse(connector, settingFlags(options)),
)

const gapReasons =
  'of market-day, never-asked, failed, upstream-hole, zeros; and no-trade, halted, not-listed, which explain what is absent'

command('gaps', 'print what is missing, with the reason')
  .option('--exchange <code>', 'all instruments of this exchange')
  .option('--instruments <names>', 'comma-separated, e.g. TWSE:2330,TWSE:2409')
  .option('--interval <interval>', '1m 1h 1d; all that there are bars of unless given')
  .option('--start <date>', 'first session date; the first bar unless given')
  .option('--end <date>', 'the session date after the last')
  .option('--reasons <names>', gapReasons)
  .action((options: Flags) => printGaps(options, settingFlags(options)))

command('backfill', 'ask upstreams for what is missing and nothing else')
  .option('--exchange <code>', 'all instruments of this exchange')
  .option('--instruments <names>', 'comma-separated, e.g. TWSE:2330,TWSE:2409')
  .option('--interval <interval>', '1m 1h 1d; all that there are bars of unless given')
  .option('--start <date>', 'first session date; the first bar unless given')
  .option('--end <date>', 'the session date after the last')
  .option('--reasons <names>', `${gapReasons}: name those to ask for them again`)
  .option('--connector <id>', 'ask only this one')
  .option('--order <which>', 'newest or oldest first', 'newest')
  .option('--dry-run', 'only say what it would take')
  .action((options: Flags & { dryRun?: boolean }) => backfill(options, settingFlags(options), options.dryRun))

command('coverage', 'print what was asked of upstreams and what came back')
  .option('--scope <name>', 'an instrument, or an exchange with its instruments')
  .option('--of <what>', '1m 1h 1d, or a dataset')
  .option('--start <date>', 'what reaches beyond this session date')
  .option('--end <date>', 'what begins before it')
  .action((options: Flags) => printCoverage(options, settingFlags(options)))

const keys = program.command('keys').description('make, show and revoke the keys that callers need')
command('create', 'make a key and print it, this once', keys)
  .requiredOption('--scopes <names>', 'comma-separated, of read, write, publish and admin, which includes the others')
  .requiredOption('--name <text>', 'what it is for, such as laptop')
  .action((options: Flags) => createKey(options, settingFlags(options)))
command('list', 'print the keys, without their secrets', keys).action((options: Flags) =>
  listKeys(settingFlags(options)),
)
command('revoke <id>', 'make a key invalid at once', keys).action((id: string, options: Flags) =>
  revokeKey(id, settingFlags(options)),
)

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
