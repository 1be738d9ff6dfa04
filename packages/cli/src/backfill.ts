import type { BackfillOptions, BackfillReport } from '@barkeep/client'
import { BarkeepError } from '@barkeep/core'
import { durationText, followCrawl } from './follow-crawl.js'
import { gapsOptions } from './gaps.js'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Days that come tell which minutes were due, so one round may make another; more than that is a fault of an upstream. */
const ROUNDS_MAX = 4

/** Prints what it would take to bring what is missing and, unless only that was asked for, brings it. */
export function backfill(options: Flags, flags: Flags, isDryRun = false): Promise<void> {
  const request = backfillOptions(options)
  return withClient(flags, async (client) => {
    const asked = new Set<string>()
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      const plan = await client.backfill({ ...request, dryRun: true })
      printPlan(plan)
      // What an upstream did not have a moment ago it will not have now.
      const isNew = plan.crawls.some((crawl) => !asked.has(whatIs(crawl)))
      if (isDryRun || plan.crawls.length === 0 || !isNew) return
      for (const crawl of plan.crawls) asked.add(whatIs(crawl))
      const { crawls } = await client.backfill(request)
      for (const { id, connector, plan: name } of crawls) {
        if (id !== null) await followCrawl(client, id, `${connector} ${name}`)
      }
    }
  })
}

function printPlan({ gaps, crawls, unreachable }: BackfillReport): void {
  console.log(gaps === 0 ? 'Nothing is missing.' : `${gaps} gaps.`)
  for (const { connector, plan, interval, windows, estimate } of crawls) {
    const { requests, durationMs, bindingLimit } = estimate
    const limit = bindingLimit === null ? '' : `, held up by ${bindingLimit}`
    const takes = durationText(durationMs)
    console.log(
      `${connector} ${plan}: ${requests} requests for ${windows} stretches of ${interval}, ${takes} or more${limit}`,
    )
  }
  if (unreachable > 0) console.log(`${unreachable} stretches that no connector can bring.`)
}

function whatIs({ connector, plan, windows, estimate }: BackfillReport['crawls'][number]): string {
  return [connector, plan, windows, estimate.requests].join(' ')
}

function backfillOptions({ connector, order, ...rest }: Flags): BackfillOptions {
  if (order !== undefined && order !== 'newest' && order !== 'oldest') {
    throw new BarkeepError('INVALID_PARAMETER', { message: `order: '${order}' is none of newest, oldest.` })
  }
  return {
    ...gapsOptions(rest),
    ...(connector !== undefined && { connector }),
    ...(order !== undefined && { first: order }),
  }
}
