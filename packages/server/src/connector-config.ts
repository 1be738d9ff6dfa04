import { BarkeepError, type Connector, type JsonValue, type Limit } from '@barkeep/core'
import { type LiveWish, readLiveWish } from './connector-live-config.js'

/** How one connector is to run here. */
export interface ConnectorConfig {
  /** Replaces scheme and host of its requests; empty for the upstream itself. */
  readonly baseUrl: string
  /** Instead of its own; undefined for those. */
  readonly limits: readonly Limit[] | undefined
  /** Values of its credentials by name, by account. */
  readonly accounts: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Values of the connector's own settings by name. */
  readonly settings: Readonly<Record<string, JsonValue>>
  /** What it listens to; nothing where it is absent. */
  readonly live?: LiveWish
}

/** Finds the value of a setting and says where it stood; undefined where it is not set. */
export type FindSetting = (key: string) => { readonly value: unknown; readonly origin: string } | undefined

/** Keys of the settings of connectors: an address and limits where they ask somebody, credentials, and what is their own. */
export function connectorSettingKeys(connectors: readonly Connector[]): string[] {
  return connectors.flatMap(({ id, isLocal = false, settings = [], credentials, live }) => [
    ...(isLocal ? [] : [`connectors.${id}.baseUrl`, `connectors.${id}.limits`]),
    ...settings.filter(({ isShared = false }) => !isShared).map(({ name }) => `connectors.${id}.${name}`),
    ...(live === undefined ? [] : [`connectors.${id}.live`]),
    ...(credentials.length === 0 ? [] : [`connectors.${id}.credentials`]),
    ...credentials.map(({ name }) => `connectors.${id}.credentials.${name}`),
  ])
}

/** Throws INVALID_SETTING, naming the setting and where it stood, never the value of a credential. */
export function readConnectorConfig(connector: Connector, find: FindSetting): ConnectorConfig {
  const { id, credentials, settings = [] } = connector
  const baseUrl = find(`connectors.${id}.baseUrl`)
  if (baseUrl !== undefined && !URL.canParse(String(baseUrl.value))) {
    throw invalid(`connectors.${id}.baseUrl`, baseUrl.origin, 'must be a URL such as http://127.0.0.1:9000')
  }
  const accounts = { ...readAccounts(id, find) }
  for (const { name } of credentials) {
    const single = find(`connectors.${id}.credentials.${name}`)
    if (single !== undefined) accounts.main = { ...accounts.main, [name]: String(single.value) }
  }
  const limits = find(`connectors.${id}.limits`)
  const live = find(`connectors.${id}.live`)
  return {
    baseUrl: String(baseUrl?.value ?? ''),
    limits: limits && readLimits(id, limits.value, limits.origin),
    accounts,
    settings: Object.fromEntries(
      settings.map(({ name, isShared = false, read }) => {
        const key = isShared ? name : `connectors.${id}.${name}`
        const found = find(key)
        return [name, read(found?.value, found === undefined ? key : `${key} in ${found.origin}`)]
      }),
    ),
    ...(live !== undefined && { live: readLiveWish(connector, live.value, `connectors.${id}.live in ${live.origin}`) }),
  }
}

/** `{"main": {"token": "…"}, "second": {"token": "…"}}`, as an object or as its JSON. */
function readAccounts(id: string, find: FindSetting): Record<string, Record<string, string>> {
  const key = `connectors.${id}.credentials`
  const found = find(key)
  if (found === undefined) return {}
  const accounts = parsed(found.value)
  const isSound =
    isRecord(accounts) &&
    Object.values(accounts).every(
      (values) => isRecord(values) && Object.values(values).every((value) => typeof value === 'string'),
    )
  if (!isSound) throw invalid(key, found.origin, 'must be accounts with their values, such as {"main": {"token": "…"}}')
  return accounts as Record<string, Record<string, string>> // as was just seen
}

function readLimits(id: string, value: unknown, origin: string): readonly Limit[] {
  const limits = parsed(value)
  const isSound = Array.isArray(limits) && limits.length > 0 && limits.every(isLimit)
  if (isSound) return limits.map((limit) => ({ ...limit, per: limit.per ?? 'host' }))
  const wrong = Array.isArray(limits) ? limits.find((limit) => !isLimit(limit)) : undefined
  const why =
    wrong === undefined
      ? ''
      : `; ${JSON.stringify(wrong)} is none: requests, bytes and perMs are whole numbers above 0, per is host or credential, a path begins with /`
  throw invalid(`connectors.${id}.limits`, origin, `must be limits such as [{"requests": 3, "perMs": 5000}]${why}`)
}

function isLimit(limit: unknown): limit is Limit {
  if (!isRecord(limit)) return false
  const { requests, bytes, perMs, per = 'host', host, path, ...others } = limit
  const isCount = (count: unknown) => Number.isSafeInteger(count) && Number(count) > 0
  return (
    Object.keys(others).length === 0 &&
    isCount(perMs) &&
    (requests === undefined || isCount(requests)) &&
    (bytes === undefined || isCount(bytes)) &&
    (requests !== undefined || bytes !== undefined) &&
    (per === 'host' || per === 'credential') &&
    (host === undefined || typeof host === 'string') &&
    (path === undefined || (typeof path === 'string' && path.startsWith('/')))
  )
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(key: string, origin: string, message: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', { message: `${key} in ${origin} ${message}.` })
}
