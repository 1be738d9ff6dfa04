import type { CrawlPlan, Task } from '@barkeep/core'
import type { Limit } from './limiter/limiter.js'

export interface Estimate {
  /** First requests; pages that name further ones add to them. */
  readonly requests: number
  /** Whether counting stopped at the limit of a crawl. */
  readonly isCut: boolean
  readonly bytes: number
  /** Shortest time that the limits allow, in milliseconds. */
  readonly durationMs: number
  /** The limit that takes longest: `1 request per 1700 ms (twse.com.tw)`. */
  readonly bindingLimit: string | null
}

/** What a crawl will ask of its upstream, before it asks. */
export function estimateCrawl(
  { bytesPerPage }: Pick<CrawlPlan, 'bytesPerPage'>,
  tasks: Iterable<Task>,
  limits: readonly Limit[],
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
  const bytes = requests * bytesPerPage
  let [durationMs, bindingLimit]: [number, string | null] = [0, null]
  for (const limit of limits) {
    const needsMs = Math.max(windowsFor(requests, limit.requests), windowsFor(bytes, limit.bytes)) * limit.perMs
    if (needsMs <= durationMs) continue
    durationMs = needsMs
    bindingLimit = describeLimit(limit)
  }
  return { requests, isCut, bytes, durationMs, bindingLimit }
}

/** Whole windows that pass before the last of `amount` may leave. */
function windowsFor(amount: number, perWindow: number | undefined): number {
  return perWindow === undefined || amount === 0 ? 0 : Math.ceil(amount / perWindow) - 1
}

function describeLimit({ key, requests, bytes, perMs }: Limit): string {
  const amount = requests === undefined ? `${bytes} bytes` : `${requests} request${requests === 1 ? '' : 's'}`
  return `${amount} per ${perMs} ms (${key})`
}
