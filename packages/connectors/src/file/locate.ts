import { type KeptInterval, keptIntervals } from '@barkeep/core'
import type { FileFormat } from './format.js'
import { parseCompactDate } from './parse-stamp.js'

/** What the path of a file tells about its bars. `midnightMs` is that of its date, written as if UTC. */
export interface Located {
  readonly symbol?: string
  readonly exchange?: string
  readonly interval?: KeptInterval
  readonly midnightMs?: number
}

const intervalWords: Readonly<Record<string, KeptInterval>> = {
  minute: '1m',
  hour: '1h',
  daily: '1d',
  day: '1d',
  ...Object.fromEntries(keptIntervals.map((interval) => [interval, interval])),
}

const placeholders: Readonly<Record<string, string>> = {
  '{symbol}': '(?<symbol>[^/]+)',
  '{exchange}': '(?<exchange>[^/]+)',
  '{interval}': `(?<interval>${Object.keys(intervalWords).join('|')})`,
  '{date}': '(?<date>\\d{8})',
  '*': '[^/]*',
}

/** What the first matching pattern of the format reads from a path; undefined when none matches. */
export function locate(format: FileFormat, path: string): Located | undefined {
  const name = path.replaceAll('\\', '/').replace(/\.gz$/i, '')
  for (const pattern of format.path) {
    const groups = expressionOf(pattern).exec(name)
    if (groups === null) continue
    const { symbol, exchange, interval, date: compactDate } = groups.groups ?? {}
    const midnightMs = compactDate === undefined ? undefined : parseCompactDate(compactDate)
    if (compactDate !== undefined && midnightMs === undefined) continue
    const kept = interval === undefined ? undefined : intervalWords[interval.toLowerCase()]
    return {
      ...(symbol !== undefined && { symbol }),
      ...(exchange !== undefined && { exchange }),
      ...(kept !== undefined && { interval: kept }),
      ...(midnightMs !== undefined && { midnightMs }),
    }
  }
  return undefined
}

/** The first `{word}` of a pattern that means nothing; undefined where all mean something. */
export function unknownPlaceholder(pattern: string): string | undefined {
  return pattern.match(/\{[^}]*\}?/g)?.find((part) => placeholders[part] === undefined)
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\{\w+\}|\*|[.+?^$()[\]{}|\\]/g, (part) => placeholders[part] ?? `\\${part}`)
  return new RegExp(`(?:^|/)${source}$`, 'i')
}
