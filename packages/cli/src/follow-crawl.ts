import type { Client, CrawlProgress, CrawlStatus } from '@barkeep/client'

/**
 * Says every tenth how far a crawl is, and what holds it up, until it is over. It goes on without the one who looks, as
 * long as the server runs.
 */
export async function followCrawl(client: Client, id: number, label: string): Promise<void> {
  let tenthsShown = 0
  let hindranceShown: string | undefined
  for await (const crawl of client.followCrawl(id)) {
    const { done, all } = progressOf(crawl.tasks)
    const isOver = crawl.state === 'done' || crawl.state === 'cancelled'
    const tenths = isOver ? 10 : Math.floor((10 * done) / Math.max(1, all))
    if (tenths > tenthsShown) console.error(`${label}: ${done} of ${all} requests`)
    tenthsShown = Math.max(tenths, tenthsShown)
    const hindrance = isOver ? undefined : hindranceOf(crawl)
    if (hindrance !== undefined && hindrance !== hindranceShown) console.error(`${label}: ${hindrance}`)
    hindranceShown = hindrance
    if (isOver && crawl.tasks.dead > 0)
      console.log(`${label}: ${crawl.tasks.dead} requests failed for good; barkeep crawl dead says why.`)
  }
}

function hindranceOf({ order, stoppedBy, blockedUntilMs }: CrawlProgress): string | undefined {
  if (stoppedBy !== null) return `stopped: ${stoppedBy} Then run barkeep crawl retry ${order.connector}.`
  if (blockedUntilMs !== null) return `waits until ${new Date(blockedUntilMs).toISOString()}; barkeep crawl says why.`
  return undefined
}

export function progressOf(tasks: CrawlStatus['tasks']): { readonly done: number; readonly all: number } {
  const done = tasks.done + tasks.dead
  return { done, all: done + tasks.waiting + tasks.active }
}

/** `7 s`, `3 min`, `2 h`, `5 days`: the order of magnitude, rounded up. */
export function durationText(ms: number): string {
  const units = [
    ['days', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const
  const [unit, length] = units.find(([, unitMs]) => ms >= 2 * unitMs) ?? ['s', 1_000]
  return `${Math.ceil(ms / length)} ${unit}`
}
