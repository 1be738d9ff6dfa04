import { type Connector, type UpstreamRequest, upstreamError } from '@barkeep/core'
import type { ArchivedPage, CrawlTables } from '../store/tasks/crawl-tables.js'
import type { CrawlSink } from './crawl-sink.js'
import { runTask } from './run-task.js'
import { pageOf } from './upstream-fetch.js'

/** Tasks whose pages are in memory at a time. */
const TASKS_READ_MAX = 5
/** Failures that are told; the rest are counted. */
const FAILURES_TOLD_MAX = 20

export interface ReparseReport {
  readonly tasks: number
  readonly bars: number
  readonly rows: number
  readonly failed: number
  readonly failures: readonly { readonly task: string; readonly error: string }[]
}

/**
 * Lets the handlers of a connector read its archived pages again, without a request: after a parser was mended, what
 * it reads differently takes the place of what was kept. Of a task that was asked for several times, the last pages count.
 */
export async function reparse(
  connector: Connector,
  tables: Pick<CrawlTables, 'archivedTasks'>,
  sink: Pick<CrawlSink, 'commit'>,
  signal: AbortSignal,
): Promise<ReparseReport> {
  const total = { tasks: 0, bars: 0, rows: 0, failed: 0 }
  const failures: { task: string; error: string }[] = []
  let after = ''
  while (true) {
    const tasks = await tables.archivedTasks(connector.id, after, TASKS_READ_MAX)
    for (const [key, pages] of tasks) {
      signal.throwIfAborted()
      total.tasks += 1
      after = key
      try {
        const result = await readAgain(connector, pages)
        const { bars, rows } = await sink.commit({ result, pages: [] })
        total.bars += bars
        total.rows += rows
      } catch (error) {
        total.failed += 1
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
        if (failures.length < FAILURES_TOLD_MAX) failures.push({ task: key, error: String(cause).slice(0, 300) })
      }
    }
    if (tasks.size < TASKS_READ_MAX) return { ...total, failures }
  }
}

async function readAgain(connector: Connector, archived: readonly ArchivedPage[]) {
  const left = [...archived]
  const [first] = archived
  if (first === undefined) throw new RangeError('A task without pages was archived.')
  const { handler, params } = first
  const { result } = await runTask(
    { connector: connector.id, handler, params },
    {
      connector,
      // No request is made, so no secret is needed; a handler may still ask for one to put it into its request.
      credentials: Object.fromEntries(connector.credentials.map(({ name }) => [name, '-'])),
      now: () => first.page.receivedAtMs,
      isReadAgain: true,
      async fetch({ url }: UpstreamRequest) {
        const index = left.findIndex(({ page }) => page.url === url)
        const found = left.splice(index === -1 ? left.length : index, 1)[0]
        if (found === undefined) throw upstreamError('UPSTREAM_CHANGED', `The archive has no page of ${url}.`)
        const { status, headers, body, receivedAtMs } = found.page
        return pageOf(url, status, headers, body, receivedAtMs)
      },
    },
  )
  return result
}
