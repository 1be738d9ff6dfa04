import type { Client, CrawlStatus } from '@barkeep/client'

const POLL_MS = 500

/** Says every tenth how far a crawl is, until it is over. It goes on without the one who looks, as long as the server runs. */
export async function followCrawl(client: Client, id: number, label: string): Promise<void> {
  for (let tenthsShown = 0; ; ) {
    const { state, tasks } = await client.crawlStatus(id)
    const { done, all } = progressOf(tasks)
    const isOver = state === 'done' || state === 'cancelled'
    const tenths = isOver ? 10 : Math.floor((10 * done) / Math.max(1, all))
    if (tenths > tenthsShown) console.error(`${label}: ${done} of ${all} requests`)
    tenthsShown = Math.max(tenths, tenthsShown)
    if (isOver) {
      if (tasks.dead > 0) console.log(`${label}: ${tasks.dead} requests failed for good; barkeep crawl dead says why.`)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
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
