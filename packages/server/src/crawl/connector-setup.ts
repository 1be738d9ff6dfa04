import type { Connector, Limit } from '@barkeep/core'
import type { ConnectorConfig } from '../connector-config.js'
import type { Limit as KeyedLimit } from './limiter/limiter.js'

/** One account of an upstream, or the absence of any: with its own credentials, and the limits that hold for it. */
export interface Account {
  readonly name: string
  /** Values of credentials by name. */
  readonly credentials: Readonly<Record<string, string>>
  readonly limits: readonly KeyedLimit[]
}

/** A connector as it runs here. */
export interface ConnectorSetup {
  readonly connector: Connector
  readonly baseUrl: string
  /** At least one; their work is shared. */
  readonly accounts: readonly Account[]
}

export function setUpConnector(connector: Connector, { baseUrl, limits, accounts }: ConnectorConfig): ConnectorSetup {
  const names = Object.keys(accounts)
  return {
    connector,
    baseUrl,
    accounts: (names.length === 0 ? ['main'] : names).map((name) => ({
      name,
      credentials: accounts[name] ?? {},
      limits: (limits ?? connector.limits).map((limit) => keyed(connector, name, limit)),
    })),
  }
}

/** Connectors that name the same host share its limit; an account has its limits for itself. */
function keyed({ id }: Connector, account: string, { per, host, ...limit }: Limit): KeyedLimit {
  return { ...limit, key: per === 'host' ? `host:${host ?? id}` : `account:${id}:${account}` }
}
