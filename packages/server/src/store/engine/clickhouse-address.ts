import { BarkeepError } from '@barkeep/core'

/** Where a ClickHouse server is and who asks there. `url` holds no secret and may be shown. */
export interface ClickhouseAddress {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly database: string
}

export interface ClickhouseSettings {
  /** `http://user:password@host:8123/database`; only the host is needed. */
  readonly url: string
  /** These three overrule what the URL says, where they are not empty. */
  readonly user: string
  readonly password: string
  readonly database: string
}

/** Reads the settings of a ClickHouse server. Throws INVALID_SETTING, which never shows the URL: it may hold a password. */
export function clickhouseAddress(settings: ClickhouseSettings): ClickhouseAddress {
  const url = URL.canParse(settings.url) ? new URL(settings.url) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) throw invalidUrl('is not an http or https URL')
  if (url.search !== '' || url.hash !== '') throw invalidUrl('has parameters, and none is known')
  const [path, ...more] = url.pathname.split('/').slice(1)
  if (more.length > 0) throw invalidUrl('has a path of several parts, but its path is the name of the database')
  const database = settings.database || decoded(path ?? '') || 'default'
  if (!/^[\w-]+$/.test(database)) {
    const message = `store.database: '${database.slice(0, 40)}' is not a name. Use letters, digits, _ and - only.`
    throw new BarkeepError('INVALID_SETTING', { message })
  }
  return {
    url: url.origin,
    user: settings.user || decoded(url.username) || 'default',
    password: settings.password || decoded(url.password),
    database,
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalidUrl('has a % that is not followed by two hexadecimal digits; write a bare % as %25')
  }
}

function invalidUrl(fault: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', {
    message: `store.url ${fault}. Write it such as http://localhost:8123/default.`,
  })
}
