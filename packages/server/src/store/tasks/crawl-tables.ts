import type { Coverage, JsonObject, UpstreamPage } from '@barkeep/core'
import { saveAdjustments, type ToldAdjustment } from '../bars/adjustments.js'
import type { Catalog } from '../catalog.js'
import type { Store } from '../store.js'
import { linesOf } from './task-table.js'

export interface CoverageRow extends Coverage {
  readonly connector: string
  /** `page`, or the reason of an absence. */
  readonly outcome: string
}

export interface ArchivedPage {
  readonly connector: string
  readonly handler: string
  /** Key of the task. */
  readonly task: string
  readonly params: JsonObject
  readonly number: number
  readonly page: Pick<UpstreamPage, 'url' | 'status' | 'headers' | 'body' | 'receivedAtMs'>
}

/** Headers that say something about a page; the rest is noise, or a cookie. */
const headersKept = ['content-type', 'date', 'last-modified', 'etag', 'retry-after', 'location', 'server']

interface ArchivedRow {
  readonly handler: string
  readonly task: string
  readonly params: string
  readonly number: number
  readonly url: string
  readonly status: number
  readonly headers: string
  readonly content: string
  readonly receivedAtMs: number
}

/** What crawling leaves in the store beside the data itself. */
export class CrawlTables {
  readonly #store: Store
  readonly #catalog: Catalog

  constructor(store: Store, catalog: Catalog) {
    this.#store = store
    this.#catalog = catalog
  }

  async archive(pages: readonly ArchivedPage[]): Promise<void> {
    const rows = pages.map(({ connector, handler, task, params, number, page }) => ({
      connector,
      handler,
      task,
      params: JSON.stringify(params),
      number,
      url: page.url,
      status: page.status,
      headers: JSON.stringify(Object.fromEntries(headersKept.map((name) => [name, page.headers[name]]))),
      body: Buffer.from(page.body).toString('base64'),
      received: page.receivedAtMs,
    }))
    await this.#insert(
      'raw_pages',
      "connector, handler, task, params, number, url, status, headers, base64Decode(body), fromUnixTimestamp64Milli(received, 'UTC')",
      'connector String, handler String, task String, params String, number UInt16, url String, status UInt16, headers String, body String, received Int64',
      rows,
    )
  }

  /** Pages of the tasks behind a key, in the order of keys; of each task those of the last time it was asked for. */
  async archivedTasks(connector: string, afterTask: string, limit: number): Promise<Map<string, ArchivedPage[]>> {
    const rows = await this.#store.rows<ArchivedRow>(
      `SELECT handler, task, params, number, url, status, headers, base64Encode(body) AS content,
        toUnixTimestamp64Milli(received_at) AS receivedAtMs
      FROM raw_pages FINAL WHERE connector = {connector:String} AND task IN (
        SELECT DISTINCT task FROM raw_pages WHERE connector = {connector:String} AND task > {afterTask:String} ORDER BY task LIMIT {limit:UInt32}
      ) ORDER BY task, received_at, number`,
      { connector, afterTask, limit },
    )
    const tasks = new Map<string, ArchivedPage[]>()
    for (const { handler, task, params, number, url, status, headers, content, receivedAtMs } of rows) {
      // The first page of a task begins it anew.
      const pages = number === 0 ? [] : (tasks.get(task) ?? [])
      const page = { url, status, headers: JSON.parse(headers), body: Buffer.from(content, 'base64'), receivedAtMs }
      pages.push({ connector, handler, task, params: JSON.parse(params), number, page })
      tasks.set(task, pages)
    }
    return tasks
  }

  async saveCoverage(rows: readonly CoverageRow[]): Promise<void> {
    await this.#insert(
      'coverage',
      'of, scope, start, end, connector, outcome, now64(3)',
      'of String, scope String, start Date32, end Date32, connector String, outcome String',
      rows,
    )
  }

  saveAdjustments(adjustments: readonly ToldAdjustment[]): Promise<void> {
    return saveAdjustments(this.#store, this.#catalog, adjustments)
  }

  async #insert(table: string, select: string, structure: string, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return
    await this.#store.insert({
      table,
      select,
      structure,
      format: 'JSONEachRow',
      body: linesOf(rows),
      bytesMax: Number.POSITIVE_INFINITY,
    })
  }
}
