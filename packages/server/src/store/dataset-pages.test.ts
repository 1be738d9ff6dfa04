import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openChdbStore } from './chdb-store.js'
import { type Contents, openContents } from './contents.js'
import { DatasetPages } from './dataset-pages.js'
import type { Store } from './store.js'

let directory: string
let store: Store
let contents: Contents
let queries = 0

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-pages-'))
  const opened = await openChdbStore({ directory, streamsMax: 2 })
  store = {
    ...opened,
    stream(...request) {
      queries += 1
      return opened.stream(...request)
    },
  }
  contents = await openContents(store)
  await write(Array.from({ length: 30 }, (_, id) => ({ id: `${id}`, n: id })))
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

async function write(rows: readonly object[], replacesAll = false) {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  const declare = { key: ['id'], title: 'List', licence: null, source: null }
  const body = (async function* () {
    yield Buffer.from(text)
  })()
  const bytesMax = Number.POSITIVE_INFINITY
  await contents.datasetIngest.store({ name: 'list', format: 'JSONEachRow', body, bytesMax, declare, replacesAll })
}

const readOf = (name: string) => {
  const dataset = contents.datasets.get(name)
  return { dataset, columns: dataset.columns, filters: [], sort: [] }
}
const idsOf = (lines: Uint8Array) =>
  [
    ...Buffer.from(lines)
      .toString()
      .matchAll(/"id":"(\d+)"/g),
  ].map(([, id]) => Number(id))

test('pages that follow each other cost one query, until the rows that were read ahead are through', async () => {
  const pages = new DatasetPages(store, contents.datasets, { rowsAhead: 20, bytesMax: 1e6 })
  queries = 0
  const seen: number[][] = []
  let after: { values: readonly []; row: number } | undefined
  for (;;) {
    const page = await pages.page({ ...readOf('list'), ...(after && { after }) }, 5)
    if (page === undefined) throw new Error('no page')
    expect(page.total).toBe(30)
    seen.push(idsOf(page.lines))
    if (page.next === null) break
    after = { values: [], row: page.next.row }
  }
  expect(seen.flat()).toEqual(Array.from({ length: 30 }, (_, id) => id))
  expect([seen.length, queries]).toEqual([6, 2])
  // Who reads from the beginning again, or by number, is served from the same.
  expect(idsOf((await pages.page(readOf('list'), 5))?.lines ?? Buffer.of())).toEqual([0, 1, 2, 3, 4])
  expect(idsOf((await pages.slice(readOf('list'), 22, 5))?.lines ?? Buffer.of())).toEqual([22, 23, 24, 25, 26])
  expect(queries).toBe(2)
})

test('who pages backwards by number is served from blocks as well', async () => {
  const pages = new DatasetPages(store, contents.datasets, { rowsAhead: 10, bytesMax: 1e6 })
  queries = 0
  for (let start = 25; start >= 0; start -= 5) {
    const page = await pages.slice(readOf('list'), start, 5)
    expect(idsOf(page?.lines ?? Buffer.of())).toEqual([0, 1, 2, 3, 4].map((index) => start + index))
  }
  expect(queries).toBe(3)
  const behind = await pages.slice(readOf('list'), 1_000, 5)
  expect([behind?.lines.byteLength, behind?.total, queries]).toEqual([0, 30, 3])
})

test('many who ask at once wait for one query', async () => {
  const pages = new DatasetPages(store, contents.datasets, { rowsAhead: 50, bytesMax: 1e6 })
  queries = 0
  const all = await Promise.all(Array.from({ length: 20 }, () => pages.page(readOf('list'), 5)))
  expect(new Set(all.map((page) => String(idsOf(page?.lines ?? Buffer.of())))).size).toBe(1)
  expect(queries).toBe(1)
})

test('rows too long to be held are left to be read by themselves', async () => {
  const pages = new DatasetPages(store, contents.datasets, { rowsAhead: 50, bytesMax: 1_000 })
  queries = 0
  expect(await pages.page(readOf('list'), 5)).toBeUndefined()
  expect(await pages.page(readOf('list'), 5)).toBeUndefined()
  expect(queries).toBe(1)
})

test('a write is seen by the next page, and a replacement that a crash repeats changes nothing', async () => {
  const pages = new DatasetPages(store, contents.datasets, { rowsAhead: 50, bytesMax: 1e6 })
  await pages.page(readOf('list'), 5)
  await write(
    [
      { id: '7', n: 70 },
      { id: '3', n: 30 },
    ],
    true,
  )
  const page = await pages.page(readOf('list'), 5)
  expect([idsOf(page?.lines ?? Buffer.of()), page?.total]).toEqual([[7, 3], 2])
  // The table of a replacement that was committed, and perhaps moved already, when the process ended.
  const { id } = contents.datasets.get('list')
  await store.command(
    `CREATE TABLE committed_r${id}_crashed ENGINE = MergeTree ORDER BY tuple() AS
     SELECT toUInt64(number) AS \`#row\`, toNullable(toString(9 - number)) AS id, toNullable('1') AS n FROM numbers(3)`,
  )
  await store.command(`CREATE TABLE committed_r${id + 1}_removed ENGINE = MergeTree ORDER BY tuple() AS SELECT 1 AS x`)
  contents = await openContents(store)
  const after = await new DatasetPages(store, contents.datasets, { rowsAhead: 50, bytesMax: 1e6 }).page(
    readOf('list'),
    5,
  )
  expect([idsOf(after?.lines ?? Buffer.of()), after?.total]).toEqual([[9, 8, 7], 3])
  expect(await store.rows("SELECT name FROM system.tables WHERE match(name, '^(committed|incoming)_|_next$')")).toEqual(
    [],
  )
})
