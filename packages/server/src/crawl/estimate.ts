import type { CrawlPlan, Task } from '@barkeep/core'
import type { Account, HostLimit } from './connector-setup.js'
import type { Limit } from './limiter/limiter.js'

export interface Estimate {
  /** First requests; pages that name further ones add to them. */
  readonly requests: number
  /** Whether counting stopped at the limit of a crawl. */
  readonly isCut: boolean
  readonly bytes: number
  /** Shortest time that the limits allow, in milliseconds. */
  readonly durationMs: number
  /** The limit that takes longest: `3 requests per 5000 ms (host:twse.com.tw)`. */
  readonly bindingLimit: string | null
}

/**
 * What a crawl will ask of its upstream, before it asks. Accounts share the work: a limit that names them all holds for
 * the sum of what they ask, one of an account only for its part, and each account does as much as its limits allow.
 */
export function estimateCrawl(
  { bytesPerPage, path }: Pick<CrawlPlan, 'bytesPerPage' | 'path'>,
  tasks: Iterable<Task>,
  accounts: readonly Pick<Account, 'limits'>[],
  tasksMax: number,
): Estimate {
  let requests = 0
  let isCut = false
  for (const _ of tasks) {
    if (requests === tasksMax) {
      isCut = true
      break
    }
    requests += 1
  }
  const groups = groupsOf(accounts.map(({ limits }) => ({ limits: limitsOn(limits, path) })))
  const needs = groups.map((group) => ({ group, needsMs: durationOf(group, requests, bytesPerPage) }))
  const slowest = needs.toSorted((a, b) => b.needsMs - a.needsMs)[0]
  const durationMs = slowest?.needsMs ?? 0
  const bindingLimit =
    slowest === undefined || durationMs === 0 ? null : bindingOf(slowest.group, durationMs, bytesPerPage)
  return { requests, isCut, bytes: requests * bytesPerPage, durationMs, bindingLimit }
}

/** Those that pages of a path count against; all of them where none does, as they are asked then. */
function limitsOn(limits: readonly HostLimit[], path = '/'): readonly HostLimit[] {
  const holding = limits.filter((limit) => path.startsWith(limit.path ?? '/'))
  return holding.length === 0 ? limits : holding
}

/** Sets of limits of which each does a part of all requests, side by side. */
type Group = readonly (readonly Limit[])[]

/** Each limit that all accounts share, as a group of its own; and what each account has for itself, as one group. */
function groupsOf(accounts: readonly Pick<Account, 'limits'>[]): Group[] {
  const isShared = ({ key }: Limit) => accounts.every(({ limits }) => limits.some((limit) => limit.key === key))
  const shared = (accounts[0]?.limits ?? []).filter(isShared).map((limit) => [[limit]])
  const own = accounts.map(({ limits }) => limits.filter((limit) => !isShared(limit)))
  // An account without limits of its own does any amount.
  return own.some((limits) => limits.length === 0) ? shared : [...shared, own]
}

/** The shortest time in which a group gets that many requests through. */
function durationOf(group: Group, requests: number, bytesPerPage: number): number {
  const [first = []] = group
  // One of them alone takes this long; all of them never longer.
  let high = Math.max(0, ...first.map((limit) => (windowsOf(limit, requests, bytesPerPage) - 1) * limit.perMs))
  let low = -1
  while (high - low > 1) {
    const middle = low + Math.ceil((high - low) / 2)
    const through = group.reduce((sum, limits) => sum + requestsIn(limits, middle, bytesPerPage), 0)
    if (through >= requests) high = middle
    else low = middle
  }
  return high
}

/** How many requests may have left after a time. */
function requestsIn(limits: readonly Limit[], durationMs: number, bytesPerPage: number): number {
  return Math.min(
    ...limits.map((limit) => (Math.floor(durationMs / limit.perMs) + 1) * requestsPerWindow(limit, bytesPerPage)),
  )
}

/** A limit of bytes lets requests leave until the answers have reached it. */
function requestsPerWindow({ requests, bytes }: Limit, bytesPerPage: number): number {
  const fitting = bytes === undefined || bytesPerPage === 0 ? Number.POSITIVE_INFINITY : bytes / bytesPerPage
  return Math.min(requests ?? Number.POSITIVE_INFINITY, fitting)
}

function windowsOf(limit: Limit, requests: number, bytesPerPage: number): number {
  const perWindow = requestsPerWindow(limit, bytesPerPage)
  return requests === 0 || perWindow === Number.POSITIVE_INFINITY ? 1 : Math.ceil(requests / perWindow)
}

/** The limit of the first of a group that had the least room a moment before the end. */
function bindingOf(group: Group, durationMs: number, bytesPerPage: number): string | null {
  const [limits = []] = group
  const room = (limit: Limit) => requestsIn([limit], durationMs - 1, bytesPerPage)
  const binding = limits.toSorted((a, b) => room(a) - room(b))[0]
  if (binding === undefined) return null
  const text = describeLimit(binding)
  return group.length === 1 ? text : `${text}, and likewise ${group.length - 1} more`
}

function describeLimit({ key, requests, bytes, perMs }: Limit): string {
  const amount = requests === undefined ? `${bytes} bytes` : `${requests} request${requests === 1 ? '' : 's'}`
  return `${amount} per ${perMs} ms (${key})`
}
