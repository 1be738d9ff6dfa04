import type { Connector, JsonValue, Limit } from '@barkeep/core'
import type { ConnectorConfig } from '../connector-config.js'
import type { Limit as KeyedLimit } from './limiter/limiter.js'

/** One account of an upstream, or the absence of any: with its own credentials, and the limits that hold for it. */
export interface Account {
  readonly name: string
  /** Values of credentials by name. */
  readonly credentials: Readonly<Record<string, string>>
  readonly limits: readonly HostLimit[]
}

/** A limit with the host and the beginning of the path for which it holds; all of the connector where they are absent. */
export interface HostLimit extends KeyedLimit {
  readonly host?: string
  readonly path?: string
}

/** A connector as it runs here. */
export interface ConnectorSetup {
  readonly connector: Connector
  readonly baseUrl: string
  /** At least one; their work is shared. */
  readonly accounts: readonly Account[]
  /** Values of its own settings by name. */
  readonly settings: Readonly<Record<string, JsonValue>>
}

export function setUpConnector(
  connector: Connector,
  { baseUrl, limits, accounts, settings }: ConnectorConfig,
): ConnectorSetup {
  const names = Object.keys(accounts)
  return {
    connector,
    baseUrl,
    settings,
    accounts: (names.length === 0 ? ['main'] : names).map((name) => ({
      name,
      credentials: accounts[name] ?? {},
      limits: (limits ?? connector.limits).map((limit) => keyed(connector, name, limit)),
    })),
  }
}

/**
 * Those of the limits that a request to a URL counts against. All of them where none is of its host, or where the URL is
 * not known: rather too slow than banned.
 */
export function limitsAt(limits: readonly HostLimit[], url: string | undefined): readonly HostLimit[] {
  if (url === undefined) return limits
  const { hostname, pathname } = new URL(url)
  const holding = limits.filter(
    ({ host, path = '/' }) =>
      (host === undefined || hostname === host || hostname.endsWith(`.${host}`)) && pathname.startsWith(path),
  )
  return holding.length === 0 ? limits : holding
}

/** Connectors that name the same host share its limit; an account has its limits for itself. */
function keyed({ id }: Connector, account: string, { per, ...limit }: Limit): HostLimit {
  const whose = per === 'host' ? `host:${limit.host ?? id}` : `account:${id}:${account}`
  // A pause of what is counted apart must not be that of all the rest.
  return { ...limit, key: limit.path === undefined ? whose : `${whose}:${limit.path}` }
}
