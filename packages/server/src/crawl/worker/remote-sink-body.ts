import type { Absence, Bar, Page, PageBars, Task } from '@barkeep/core'
import { taskKey } from '../queue/task-key.js'
import type { RawPage, TaskOutcome } from '../run-task.js'
import { pageOf } from '../upstream-fetch.js'

/** A number as JSON has it: what is not one becomes null. */
type BarOfBody = { readonly [Field in keyof Bar]: Bar[Field] extends string ? string : number | null }

interface PageOfBody extends Omit<Page, 'bars'> {
  readonly bars?: readonly (Omit<PageBars, 'bars'> & { readonly bars: readonly (BarOfBody & { final?: boolean })[] })[]
}

/** What a worker sends of a task: JSON, the bodies of pages in base64. */
export interface ResultBody {
  readonly task: Task
  /** Null when the task failed: then only its pages are kept. */
  readonly data: PageOfBody | Absence | null
  readonly pages: readonly {
    readonly url: string
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly receivedAtMs: number
  }[]
}

export function writeResult(task: Task, data: ResultBody['data'], pages: readonly RawPage[]): string {
  const { connector, handler, params } = task
  const body: ResultBody = {
    task: { connector, handler, params },
    data,
    pages: pages.map(({ page: { url, status, headers, body: bytes, receivedAtMs } }) => ({
      url,
      status,
      headers,
      body: Buffer.from(bytes).toString('base64'),
      receivedAtMs,
    })),
  }
  return JSON.stringify(body)
}

export function readPages({ task, pages }: ResultBody): RawPage[] {
  const { connector, handler, params } = task
  const key = taskKey(task)
  return pages.map(({ url, status, headers, body, receivedAtMs }, number) => ({
    connector,
    handler,
    task: key,
    params,
    number,
    page: pageOf(url, status, headers, Buffer.from(body, 'base64'), receivedAtMs),
  }))
}

/** The next tasks stay with the worker: it is the one who ends the task in the queue. */
export function readOutcome(body: ResultBody, data: PageOfBody | Absence): TaskOutcome {
  return {
    result: { task: body.task, data: 'absence' in data ? data : readPage(data), nextTasks: [] },
    pages: readPages(body),
  }
}

function readPage({ bars, ...page }: PageOfBody): Page {
  if (bars === undefined) return page
  return { ...page, bars: bars.map(({ interval, bars: some }) => ({ interval, bars: some.map(readBar) })) }
}

function readBar(bar: BarOfBody & { final?: boolean }): Bar & { final?: boolean } {
  const { open, high, low, close, volume } = bar
  return {
    ...bar,
    open: open ?? Number.NaN,
    high: high ?? Number.NaN,
    low: low ?? Number.NaN,
    close: close ?? Number.NaN,
    volume: volume ?? Number.NaN,
  }
}
