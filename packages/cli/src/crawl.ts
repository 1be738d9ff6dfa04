import type { ConnectorInfo, CrawlOrder } from '@barkeep/client'
import { BarkeepError } from '@barkeep/core'
import { durationText, followCrawl, progressOf } from './follow-crawl.js'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Prints what a crawl would ask of its upstream, before anything is asked. */
export function printCrawlPlan(connector: string, plan: string, options: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const { requests, isCut, bytes, durationMs, bindingLimit } = await client.estimateCrawl(
      orderOf(connector, plan, options),
    )
    const megabytes = Math.ceil(bytes / 1_000_000)
    const limit = bindingLimit === null ? '' : `, held up by ${bindingLimit}`
    const more = isCut ? ' or more' : ''
    console.log(`${requests}${more} requests, about ${megabytes} MB, ${durationText(durationMs)} or more${limit}`)
  })
}

/** Orders a crawl and says how far it is until it is over. */
export function startCrawl(connector: string, plan: string, options: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const { id, estimate } = await client.crawl(orderOf(connector, plan, options))
    console.log(`Crawl ${id}: ${estimate.requests} requests, ${durationText(estimate.durationMs)} or more.`)
    await followCrawl(client, id, `${connector} ${plan}`)
  })
}

/** Prints how far each crawl is, and how each connector fares. */
export function printCrawls(flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    for (const { id, order, state, tasks } of await client.crawls({ limit: 20 })) {
      const { done, all } = progressOf(tasks)
      const dead = tasks.dead === 0 ? '' : `\t${tasks.dead} failed`
      console.log(`${id}\t${order.connector} ${order.plan}\t${state}\t${done} of ${all} requests${dead}`)
    }
    for (const connector of await client.connectors()) {
      const line = fareOf(connector)
      if (line !== undefined) console.log(`${connector.id}\t${line}`)
    }
  })
}

/** Prints what each connector can bring. */
export function printConnectors(flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    for (const { id, title, plans } of await client.connectors()) {
      console.log(`${id}\t${title}`)
      for (const [name, plan] of Object.entries(plans)) console.log(`\t${name}\t${plan.of}\t${plan.title}`)
    }
  })
}

export function printDeadTasks(flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    for await (const { key, params, attempts, error } of client.deadTasks()) {
      console.log([key, JSON.stringify(params), `${attempts} attempts`, error].join('\t'))
    }
  })
}

/** Tries the dead tasks of a connector again, and lets it go on where it stopped. */
export function retryDeadTasks(connector: string, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const { revived } = await client.retryConnector(connector)
    console.log(`${revived} tasks of ${connector} are tried again.`)
  })
}

/** Reads the archived pages of a connector again, without a request. */
export function reparse(connector: string, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const { tasks, bars, rows, failed, failures } = await client.reparse(connector)
    console.log(`${tasks} tasks read again: ${bars} bars, ${rows} rows, ${failed} failed`)
    for (const { task, error } of failures) console.error(`${task}: ${error}`)
  })
}

function fareOf({ status }: ConnectorInfo): string | undefined {
  if (status.stoppedBy !== null) return `stopped: ${status.stoppedBy}`
  const blocked =
    status.blockedUntilMs === null ? '' : `, blocked until ${new Date(status.blockedUntilMs).toISOString()}`
  const failed = status.failures === 0 ? '' : `, ${status.failures} failures, the last ${status.lastError ?? ''}`
  if (status.pages === 0 && blocked === '' && failed === '') return undefined
  const seconds = status.sinceMs === null ? 1 : Math.max(1, (Date.now() - status.sinceMs) / 1_000)
  const rate = Math.round((status.bars + status.rows) / seconds)
  return `${status.pages} pages, ${status.bars} bars, ${status.rows} rows, ${rate} rows/s${blocked}${failed}`
}

function orderOf(connector: string, plan: string, options: Flags & { option?: readonly string[] }): CrawlOrder {
  const { instruments, start, end } = options
  const today = new Date().toISOString().slice(0, 10)
  return {
    connector,
    plan,
    start: start ?? '1990-01-01',
    end: end ?? nextDate(today),
    ...(instruments !== undefined && { instruments: instruments.split(',') }),
    options: Object.fromEntries((options.option ?? []).map(pairOf)),
  }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new BarkeepError('INVALID_PARAMETER', { message: `option: write name=value, not '${text}'.` })
}

function nextDate(date: string): string {
  return new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)
}
