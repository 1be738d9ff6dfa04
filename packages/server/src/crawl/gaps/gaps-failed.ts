import { type Connector, type Coverage, isKeptInterval, type JsonObject } from '@barkeep/core'
import type { CrawlTable } from '../../store/tasks/crawl-table.js'
import type { CrawlOrder } from '../crawls.js'
import type { DeadTask, TaskQueue } from '../queue/task-queue.js'
import { dateAfter } from './gaps-calendar.js'

/** Failed tasks that are looked at; the newest. */
const FAILED_MAX = 10_000

/** What was to be brought by tasks that failed for good. */
export interface FailedTasks {
  list(): Promise<Coverage[]>
}

export function createFailedTasks(
  queue: Pick<TaskQueue, 'dead'>,
  table: Pick<CrawlTable, 'find'>,
  connectors: readonly Connector[],
): FailedTasks {
  return {
    async list() {
      const dead = await queue.dead(undefined, FAILED_MAX)
      const orders = new Map<number, CrawlOrder>()
      for (const id of new Set(dead.map(({ crawl }) => crawl))) {
        const crawl = await table.find(id)
        if (crawl !== undefined) orders.set(id, JSON.parse(crawl.definition) as CrawlOrder) // written by Crawls
      }
      return dead.flatMap((task) => coverageOf(task, orders.get(task.crawl), connectors) ?? [])
    },
  }
}

/**
 * What a task would have covered, read from its params by the names that connectors give them: `instrument`, `interval`,
 * and `date`, `month` or `start` and `end`. A task without an instrument is of the exchange of its plan.
 * Undefined where that cannot be told; its sessions then count as never asked.
 */
function coverageOf(
  { task }: DeadTask,
  order: CrawlOrder | undefined,
  connectors: readonly Connector[],
): Coverage | undefined {
  const crawls = connectors.find(({ id }) => id === task.connector)?.crawls ?? {}
  const plan = order !== undefined && Object.hasOwn(crawls, order.plan) ? crawls[order.plan] : undefined
  const { instrument, interval } = task.params
  const of = typeof interval === 'string' && isKeptInterval(interval) ? interval : plan?.of
  const exchange = plan?.per === 'exchange' && plan.exchanges.length === 1 ? plan.exchanges[0] : undefined
  const scope = typeof instrument === 'string' ? instrument : exchange
  const dates = datesOf(task.params)
  return of === undefined || scope === undefined || dates === undefined ? undefined : { of, scope, ...dates }
}

function datesOf({ date, month, start, end }: JsonObject): { start: string; end: string } | undefined {
  const isDate = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
  if (isDate(date)) return { start: date, end: dateAfter(date) }
  if (isDate(start) && isDate(end)) return { start, end }
  if (typeof month !== 'string' || !/^\d{4}-\d{2}$/.test(month)) return undefined
  const next = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 1))
  return { start: `${month}-01`, end: next.toISOString().slice(0, 10) }
}
