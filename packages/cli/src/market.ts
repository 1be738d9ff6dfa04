import type { MarketPlan, MarketSource, MarketToday } from '@barkeep/client'
import { BarkeepError, type KeptInterval, keptIntervals } from '@barkeep/core'
import { durationText } from './follow-crawl.js'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Prints how far each declared market is, who is asked, and who is blocked until when. */
export function printMarkets(flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    let count = 0
    for await (const {
      exchange,
      interval,
      since,
      state,
      source,
      insteadOf,
      gaps,
      sources,
      error,
      today,
    } of client.markets()) {
      count += 1
      const by =
        source === null ? '' : `\tby ${source}${insteadOf.length === 0 ? '' : ` instead of ${insteadOf.join(', ')}`}`
      const missing = gaps === null ? '' : `\t${gaps} gaps`
      console.log(
        `${exchange} ${interval} since ${since}\t${state}${by}${missing}${error === null ? '' : `\t${error}`}`,
      )
      if (today !== null) console.log(todayText(today))
      for (const one of sources) {
        const why = reasonOf(one)
        if (why !== '') console.log(`\t${one.connector}\t${why}`)
      }
    }
    if (count === 0) console.error('No market is declared: see markets in barkeep.config.json, docs/guide/markets.md.')
  })
}

function todayText({ date, live, untold, source, insteadOf }: MarketToday): string {
  const told = live.map(({ connector, state, instruments }) => `${instruments} by ${connector} (${state})`)
  const instead = insteadOf.length === 0 ? '' : ` instead of ${insteadOf.join(', ')}`
  const asked = untold === 0 ? [] : [`${untold} asked of ${source ?? 'nobody'}${instead}`]
  return `\t${date}: ${[...told, ...asked].join(', ')}`
}

/** Prints what bringing a market takes of each source, and who would be asked in which order. */
export function printMarketPlan(market: string | true, { interval, start }: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    let count = 0
    for await (const plan of client.planMarkets({
      ...(market !== true && { exchange: market }),
      ...(interval !== undefined && { interval: readInterval(interval) }),
      ...(start !== undefined && { since: start }),
    })) {
      count += 1
      printPlan(plan)
    }
    if (count === 0) {
      console.error('No such market is declared. Name an exchange and --start, or declare it: docs/guide/markets.md.')
    }
  })
}

function printPlan({ exchange, interval, since, instruments, listedBy, gaps, sources }: MarketPlan): void {
  const missing = gaps === null ? 'not known yet what is missing' : `${gaps} gaps`
  console.log(`${exchange} ${interval} since ${since}: ${instruments} instruments, ${missing}`)
  if (instruments === 0) {
    const lister = listedBy === null ? 'no source lists them' : `${listedBy} lists them`
    console.log(`\tinstruments come first: ${lister}; until then pages by instrument are not counted`)
  }
  for (const source of sources) {
    const { connector, role, plans, requests, bytes, durationMs, bindingLimit, unreached } = source
    if (role !== 'first' && role !== 'fall-back') {
      console.log(`\t${connector}\t${reasonOf(source)}`)
      continue
    }
    const limit = bindingLimit === null ? '' : `, held up by ${bindingLimit}`
    const megabytes = Math.ceil(bytes / 1_000_000)
    const left = unreached === 0 ? '' : `, leaves ${unreached} stretches`
    const takes = `${requests} requests, about ${megabytes} MB, ${durationText(durationMs)} or more${limit}${left}`
    console.log(`\t${connector} ${plans.join(', ')}\t${role}\t${takes}`)
  }
}

function reasonOf({ role, blockedUntilMs, stoppedBy }: MarketSource): string {
  if (stoppedBy !== null) return `stopped: ${stoppedBy}`
  if (blockedUntilMs !== null) return `blocked until ${new Date(blockedUntilMs).toISOString()}`
  if (role === 'no-credential') return 'lacks a credential: see barkeep connectors'
  if (role === 'uncounted') return 'counted when the instruments are known'
  return role === 'nothing' ? 'has nothing of what is missing' : ''
}

function readInterval(value: string): KeptInterval {
  const interval = keptIntervals.find((one) => one === value)
  if (interval !== undefined) return interval
  throw new BarkeepError('INVALID_PARAMETER', {
    message: `interval: '${value}' is none of ${keptIntervals.join(', ')}.`,
  })
}
