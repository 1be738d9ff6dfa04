import { readFileSync } from 'node:fs'
import { shippedConnectors } from '@barkeep/connectors'
import { BarkeepError, nearestName } from '@barkeep/core'
import { type ConnectorConfig, connectorSettingKeys, readConnectorConfig } from './connector-config.js'

interface Setting<Value extends string | number | boolean> {
  readonly default: Value
  readonly help: string
}

const text = (value: string, help: string): Setting<string> => ({ default: value, help })
const number = (value: number, help: string): Setting<number> => ({ default: value, help })
const choice = (value: boolean, help: string): Setting<boolean> => ({ default: value, help })

/** All settings, once. `barkeep.config.json` < `BARKEEP_*` in the environment < flags. */
export const settings = {
  host: text('127.0.0.1', 'Address to listen on. Beyond loopback the server needs a key: barkeep keys create.'),
  port: number(8080, 'TCP port to listen on; 0 lets the system choose.'),
  data: text('./data', 'Directory of the embedded store, of bodies on their way in, and of the mark of its owner.'),
  'api.rowsPerPage': number(1_000, 'Rows of a JSON page when the request does not say `limit`.'),
  'api.rowsPerPageMax': number(100_000, 'Largest `limit`.'),
  'api.instrumentsMax': number(5_000, 'Most instruments that one request may name.'),
  'api.pageAheadRows': number(
    1_000,
    'Rows of a dataset that are read when a small page is asked for, so that the next ones are at hand; 0: none.',
  ),
  'api.pageCacheBytesMax': number(67_108_864, 'Memory for such rows, bytes.'),
  'api.plainPaths': text('/api', 'Paths under which the plain paged API answers, separated by commas.'),
  'api.plainTakeMax': number(
    10,
    'Largest `$take` of the plain paged API, and what it is when the request does not say.',
  ),
  'api.bodyBytesMax': number(2_147_483_648, 'Largest body of a bulk create, bytes.'),
  'api.idempotencyKeysMax': number(10_000, 'Idempotency keys whose answers are remembered.'),
  'api.requestsPerSecond': number(
    0,
    'Requests a second of one key, or of one address without a key, and as many in a burst; 0: any number.',
  ),
  'api.requestsMax': number(1_000, 'Requests that wait for the beginning of their answer; further ones are refused.'),
  'api.connectionsMax': number(10_000, 'Connections at the same time; further ones are closed.'),
  'api.rowsReadMax': number(2_000_000_000, 'Rows of the store that one request may make the engine look at.'),
  'api.headersMsMax': number(10_000, 'How long the headers of a request may take to arrive, milliseconds.'),
  'api.requestMsMax': number(3_600_000, 'How long a request with its body may take to arrive, milliseconds.'),
  'api.silenceMsMax': number(
    60_000,
    'How long a caller may pause while it sends a body or reads an answer, milliseconds.',
  ),
  'api.headerBytesMax': number(131_072, 'Largest request line with all headers, bytes; 5,000 instruments fit in.'),
  'api.lockMsMax': number(10_000, 'How long a write may wait for others to the same dataset, milliseconds.'),
  'api.compressBytesMin': number(
    8_192,
    'Smallest text answer that is compressed, bytes; a smaller one is sent faster than it is packed.',
  ),
  'api.compressLoopback': choice(
    false,
    'Whether answers to this machine itself are compressed; those that a proxy here passes on always are.',
  ),
  'api.corsOrigins': text(
    '',
    'Origins whose pages may use the server from a browser, such as https://app.example, separated by commas; * for all.',
  ),
  'api.auditBytesMax': number(67_108_864, 'Size of the audit log at which it is begun anew, bytes.'),
  'tls.cert': text('', 'PEM file with the certificate chain; with tls.key: HTTPS, HTTP/2 where the caller speaks it.'),
  'tls.key': text('', 'PEM file with the key of the certificate.'),
  'store.url': text('', 'ClickHouse server to keep everything in, such as http://localhost:8123; empty: embedded.'),
  'store.user': text('', 'User of the ClickHouse server, where store.url names none; empty: default.'),
  'store.password': text(
    '',
    "Password of that user. Rather in the environment than in a flag, which others' `ps` shows.",
  ),
  'store.database': text('', 'Database on the ClickHouse server, where store.url names none; empty: default.'),
  'store.silenceMsMax': number(
    600_000,
    'How long the ClickHouse server may say nothing while it works, and a reader may pause, milliseconds.',
  ),
  'store.streamsMax': number(4, 'Big answers that are made at the same time; further ones wait.'),
  'crawl.timeoutMs': number(30_000, 'How long one request to an upstream may take, milliseconds.'),
  'crawl.pageBytesMax': number(67_108_864, 'Largest page of an upstream, decompressed, bytes.'),
  'crawl.attemptsMax': number(8, 'Attempts of a task before it is put aside for a person to look at.'),
  'crawl.failuresMax': number(5, 'Failures of a connector in a row after which it rests.'),
  'crawl.restMs': number(300_000, 'How long it rests then, and after a ban that names no time, milliseconds.'),
  'crawl.concurrencyMax': number(8, 'Tasks of one connector that are worked on at the same time.'),
  'crawl.uncommittedMax': number(
    64,
    'Results of one connector that wait to be kept; a crash asks for their pages again.',
  ),
  'crawl.tasksMax': number(1_000_000, 'Most requests that one crawl may plan.'),
  'crawl.eventsMs': number(500, 'How often who follows a crawl is told of a change at most, milliseconds.'),
  'crawl.eventsHeartbeatMs': number(
    15_000,
    'After how long without a change who follows a crawl is sent a sign of life, milliseconds.',
  ),
  'crawl.eventStreamsMax': number(100, 'Crawls that may be followed at the same time; further callers are refused.'),
  'gaps.settleMs': number(21_600_000, 'How long after its close bars of a session may be missing, milliseconds.'),
  'markets.lookMs': number(15_000, 'How often the crawls of declared markets are looked after, milliseconds.'),
  'markets.patienceMs': number(
    600_000,
    'How long a source of a declared market may be blocked before the next one is asked, milliseconds.',
  ),
  'markets.pollMs': number(
    0,
    'How often minutes and hours of a session under way are asked for, of instruments of a declared market that no live source tells, milliseconds; 0: only after the session.',
  ),
  'crawl.worksHere': choice(true, 'Whether the server asks upstreams itself; false leaves that to `barkeep worker`.'),
  'crawl.resultBytesMax': number(268_435_456, 'Largest result that a worker may send, bytes.'),
  'search.connectors': text(
    '*',
    'Connectors that a search asks, separated by commas; * for all that can, empty: none.',
  ),
  'search.searchesMax': number(200, 'Searches that are held at the same time, those that have ended included.'),
  'search.runningMax': number(32, 'Searches that run at the same time; further ones are refused.'),
  'search.followersMax': number(5_000, 'Callers that wait for something new of a search; further ones are refused.'),
  'search.hitsMax': number(20_000, 'Most hits of one search; what comes beyond is left out, and the search says so.'),
  'search.hitsPerSourceMax': number(10_000, 'The same, of one source of a search.'),
  'search.rowsPerDatasetMax': number(50, 'Rows of one dataset that a search finds.'),
  'search.pagesMax': number(3, 'Pages that one search asks of a connector.'),
  'search.bytesMax': number(268_435_456, 'Memory for the hits of all searches, bytes.'),
  'search.encodedBytesMax': number(67_108_864, 'Memory for answers of searches that more callers may want, bytes.'),
  'search.versionsMax': number(1_000, 'Versions of a search whose changes are known; older ones are read whole again.'),
  'search.waitMsMax': number(60_000, 'Longest wait for something new that a request may ask for, milliseconds.'),
  'search.sourceMsMax': number(30_000, 'How long a source may take, the wait for its limits included, milliseconds.'),
  'search.publishMs': number(100, 'Least time between two versions of a search, milliseconds.'),
  'search.keepMs': number(300_000, 'How long a search is held after its end, milliseconds.'),
  'search.idleMs': number(15_000, 'How long a search runs on while nobody follows it, milliseconds.'),
  'live.windowDates': number(
    1,
    'Session dates up to today whose bars are broadcast; older ones are only kept. 0: all bars.',
  ),
  'live.logMessagesMax': number(100_000, 'Messages of a topic that can be sent again.'),
  'live.logBytesMax': number(67_108_864, 'Bytes of a topic that can be sent again.'),
  'live.leaseMs': number(15_000, 'How long a publisher that gives no sign of life keeps its topic, milliseconds.'),
  'live.heartbeatMs': number(5_000, 'How often a connection is asked for a sign of life, milliseconds.'),
  'live.doneMs': number(5_000, 'How long after its end a minute bar may be missing before kmin_done, milliseconds.'),
  'live.builds': choice(true, 'Whether hour and day bars are made out of the minutes that are broadcast.'),
  'live.outboxBytesMax': number(1_048_576, 'What may wait for one subscriber, bytes; what follows stays in the log.'),
  'live.conflateMs': number(
    1_000,
    'How long a subscriber that falls behind is served out of the log before bars are conflated, milliseconds.',
  ),
  'live.slowMsMax': number(30_000, 'How long a subscriber may be behind before it is disconnected, milliseconds.'),
  'live.messageBytesMax': number(4_194_304, 'Largest message that a subscriber or publisher may send, bytes.'),
  'live.subscribersMax': number(10_000, 'Connections of subscribers and publishers at the same time.'),
  'live.subscribersPerAddressMax': number(
    0,
    'The same, of one address, which may be that of a proxy with everybody behind it; 0: any number.',
  ),
  'live.wordsPerSecond': number(
    1_000,
    'Messages a second that one connection may send; further ones are refused, and who goes on is cut off. 0: any number.',
  ),
  'live.wordsBurst': number(2_000, 'Messages that one connection may send at once, at least 1.'),
  'live.publishes': choice(
    true,
    'Whether bars of this server and its publishers are broadcast; false where it passes on what another commits.',
  ),
  'live.replaysMax': number(32, 'Replays of past days at the same time; further ones are refused.'),
  'live.notifyRowsMax': number(100_000, 'Bars of the live window that wait for notify; a larger body is a backfill.'),
  'redis.url': text('', 'Redis that shares tasks and limits with workers, such as redis://nas:6379; empty: none.'),
} as const

type Settings = typeof settings
export type SettingKey = keyof Settings
type Widened<Value> = Value extends string ? string : Value extends number ? number : boolean
export type Config = { readonly [Key in SettingKey]: Widened<Settings[Key]['default']> } & {
  /** Import formats as the file declares them, unchecked: whoever imports knows what a format is. */
  readonly formats?: unknown
  /** Schedules by name as the file declares them, unchecked: the crawl knows what a schedule is. */
  readonly schedules?: unknown
  /** Which source of a bar is kept, as the file declares it, unchecked: the store knows what an order is. */
  readonly sources?: unknown
  /** Markets to be kept whole and fresh, as the file declares them, unchecked: the crawl knows what a market is. */
  readonly markets?: unknown
  /** By the id of the connector. */
  readonly connectors: Readonly<Record<string, ConnectorConfig>>
}

/** Settings of connectors: a URL, limits and credentials for each. */
export const connectorSettings = connectorSettingKeys(shippedConnectors)

/** `api.rowsPerPage` → `BARKEEP_API_ROWS_PER_PAGE`. */
export function environmentName(key: string): string {
  return `BARKEEP_${key
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`
}

/** The value in force as it may be printed: without a password. */
export function shownSetting(config: Config, key: SettingKey): string {
  const value = String(config[key])
  if (key === 'store.password') return value === '' ? '' : '(hidden)'
  return value.replace(/^([^:]*:\/\/[^/:@]*):.*@/, '$1:(hidden)@')
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
  const config: Record<string, string | number | boolean> = {}
  const find = (key: string) => {
    const candidates = [
      { value: flags[key], origin: `--${key}` },
      { value: environment[environmentName(key)], origin: environmentName(key) },
      { value: fromFile[key], origin: file ?? '' },
    ]
    return candidates.find(({ value }) => value !== undefined)
  }
  for (const key of Object.keys(settings) as SettingKey[]) {
    const { value, origin } = find(key) ?? { value: settings[key].default, origin: 'default' }
    config[key] = readers[typeof settings[key].default as 'string' | 'number' | 'boolean'](key, value, origin) // as the table says
  }
  const connectors = Object.fromEntries(
    shippedConnectors.map((connector) => [connector.id, readConnectorConfig(connector, find)]),
  )
  const { formats, schedules, sources, markets } = fromFile
  const { connectors: _, ...rest } = config as unknown as Config // every key was filled with its type above
  return {
    ...rest,
    connectors,
    ...(formats !== undefined && { formats }),
    ...(schedules !== undefined && { schedules }),
    ...(sources !== undefined && { sources }),
    ...(markets !== undefined && { markets }),
  }
}

function readConfigFile(file: string): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch {
    return {}
  }
  const { connectors = {}, ...flat } = parseJsonObject(content, file)
  const parsed: Record<string, unknown> = { ...flat, ...connectorKeys(connectors, file) }
  const known = [...Object.keys(settings), ...connectorSettings, 'formats', 'schedules', 'sources', 'markets']
  for (const key of Object.keys(parsed)) {
    if (known.includes(key)) continue
    const near = nearestName(key, known)
    throw new BarkeepError('INVALID_SETTING', {
      message: `${file}: '${key}' is not a setting.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
    })
  }
  return parsed
}

/** `{"twse": {"baseUrl": "…"}}` as `connectors.twse.baseUrl`; both ways of writing are read. */
function connectorKeys(connectors: unknown, file: string): Record<string, unknown> {
  if (!isRecord(connectors) || !Object.values(connectors).every(isRecord)) {
    throw new BarkeepError('INVALID_SETTING', {
      message: `${file}: connectors must hold an object for each connector.`,
    })
  }
  return Object.fromEntries(
    Object.entries(connectors).flatMap(([id, values]) =>
      Object.entries(values as object).map(([name, value]) => [`connectors.${id}.${name}`, value]),
    ),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJsonObject(content: string, file: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(content)
    if (isRecord(parsed)) return parsed
  } catch (cause) {
    throw new BarkeepError('INVALID_SETTING', { message: `${file} is not JSON.`, cause })
  }
  throw new BarkeepError('INVALID_SETTING', { message: `${file} must hold one JSON object.` })
}

const readers = {
  string: (_key: string, value: unknown) => String(value),
  number: wholeNumber,
  boolean: trueOrFalse,
} as const

function trueOrFalse(key: string, value: unknown, origin: string): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new BarkeepError('INVALID_SETTING', {
    message: `${key} must be true or false, but ${origin} gives '${String(value).slice(0, 40)}'.`,
  })
}

function wholeNumber(key: string, value: unknown, origin: string): number {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof read === 'number' && Number.isSafeInteger(read) && read >= 0) return read
  throw new BarkeepError('INVALID_SETTING', {
    message: `${key} must be a whole number of 0 or more, but ${origin} gives '${String(value).slice(0, 40)}'.`,
  })
}
