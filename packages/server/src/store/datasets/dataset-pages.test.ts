import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Contents, openContents } from '../contents.js'
import { openChdbStore } from '../engine/chdb-store.js'
import type { Store } from '../store.js'
import { DatasetPages } from './dataset-pages.js'
import type { RowPosition } from './dataset-sql.js'

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
  const source = contents.sources.get(name)
  return { source, columns: source.dataset.columns, filters: [], sort: [] }
}
const idsOf = (lines: Uint8Array) =>
  [
    ...Buffer.from(lines)
      .toString()
      .matchAll(/"id":"(\d+)"/g),
  ].map(([, id]) => Number(id))

test('pages that follow each other cost one query, until the rows that were read ahead are through', async () => {
  const pages = new DatasetPages(store, { rowsAhead: 20, bytesMax: 1e6 })
  queries = 0
  const seen: number[][] = []
  let after: RowPosition | undefined
  for (;;) {
    const page = await pages.page({ ...readOf('list'), ...(after && { after }) }, 5)
    if (page === undefined) throw new Error('no page')
    expect(page.total).toBe(30)
    seen.push(idsOf(page.lines))
    if (page.next === null) break
    after = page.next
  }
  expect(seen.flat()).toEqual(Array.from({ length: 30 }, (_, id) => id))
  expect([seen.length, queries]).toEqual([6, 2])
  // Who reads from the beginning again, or by number, is served from the same.
  expect(idsOf((await pages.page(readOf('list'), 5))?.lines ?? Buffer.of())).toEqual([0, 1, 2, 3, 4])
  expect(idsOf((await pages.slice(readOf('list'), 22, 5))?.lines ?? Buffer.of())).toEqual([22, 23, 24, 25, 26])
  expect(queries).toBe(2)
})

test('who pages backwards by number is served from blocks as well', async () => {
  const pages = new DatasetPages(store, { rowsAhead: 10, bytesMax: 1e6 })
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
  const pages = new DatasetPages(store, { rowsAhead: 50, bytesMax: 1e6 })
  queries = 0
  const all = await Promise.all(Array.from({ length: 20 }, () => pages.page(readOf('list'), 5)))
  expect(new Set(all.map((page) => String(idsOf(page?.lines ?? Buffer.of())))).size).toBe(1)
  expect(queries).toBe(1)
})

test('rows too long to be held are left to be read by themselves', async () => {
  const pages = new DatasetPages(store, { rowsAhead: 50, bytesMax: 1_000 })
  queries = 0
  expect(await pages.page(readOf('list'), 5)).toBeUndefined()
  expect(await pages.page(readOf('list'), 5)).toBeUndefined()
  expect(queries).toBe(1)
})

test('a write is seen by the next page, and a replacement that a crash repeats changes nothing', async () => {
  const pages = new DatasetPages(store, { rowsAhead: 50, bytesMax: 1e6 })
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
  const after = await new DatasetPages(store, { rowsAhead: 50, bytesMax: 1e6 }).page(readOf('list'), 5)
  expect([idsOf(after?.lines ?? Buffer.of()), after?.total]).toEqual([[9, 8, 7], 3])
  expect(await store.rows("SELECT name FROM system.tables WHERE match(name, '^(committed|incoming)_|_next$')")).toEqual(
    [],
  )
})

const rowOf = (id: string, name = 'list') => {
  const read = readOf(name)
  const column = read.columns.find((one) => one.name === 'id')
  if (column === undefined) throw new Error('There is no id.')
  return { ...read, filters: [{ column, operator: 'eq' as const, values: [id] }], limit: 1 }
}

/** Counts queries for rows and for blocks. */
function countedPages() {
  let asked = 0
  const counted: Store = {
    ...store,
    rows(...request) {
      asked += 1
      return store.rows(...request)
    },
    stream(...request) {
      asked += 1
      return store.stream(...request)
    },
  }
  return { pages: new DatasetPages(counted, { rowsAhead: 50, bytesMax: 1e6 }), asked: () => asked }
}

test('a row that was read ahead costs no query, and a write makes it void', async () => {
  await write(
    Array.from({ length: 30 }, (_, id) => ({ id: `${id}`, n: id })),
    true,
  )
  const { pages, asked } = countedPages()
  await pages.page(readOf('list'), 5)
  const before = asked()
  for (const n of [0, 17, 29]) expect(await pages.row(rowOf(`${n}`))).toEqual({ id: `${n}`, n })
  expect(asked()).toBe(before)
  await write([{ id: '17', n: 1_000 }])
  expect(await pages.row(rowOf('17'))).toEqual({ id: '17', n: 1_000 })
  expect(await pages.row(rowOf('18'))).toEqual({ id: '18', n: 18 })
  await contents.datasetChanges.deleteRows('list', rowOf('17').filters)
  expect(await pages.row(rowOf('17'))).toBeUndefined()
})

/** A dataset whose key is a whole number. */
async function writeNumbers(name: string, ids: readonly string[]) {
  const lines = ids.map((id, n) => `{"id":${id},"n":${n}}\n`).join('')
  const body = (async function* () {
    yield Buffer.from(lines)
  })()
  const declare = { key: ['id'], title: 'Numbers', licence: null, source: null }
  await contents.datasetIngest.store({ name, format: 'JSONEachRow', body, bytesMax: 1e6, declare })
}

test('the second row of a small dataset brings all others', async () => {
  await writeNumbers(
    'numbers',
    Array.from({ length: 30 }, (_, id) => `${id}`),
  )
  const { pages, asked } = countedPages()
  for (const n of [3, 4]) expect(await pages.row(rowOf(`${n}`, 'numbers'))).toEqual({ id: n, n })
  const before = asked()
  for (let n = 0; n < 30; n++) expect(await pages.row(rowOf(`${n}`, 'numbers'))).toEqual({ id: n, n })
  expect(asked()).toBe(before)
  expect(await pages.row(rowOf('30', 'numbers'))).toBeUndefined()
})

test('a number that JSON would round is told from its neighbour', async () => {
  const ids = ['9007199254740992', '9007199254740993', '9007199254740994']
  await writeNumbers('large', ids)
  const { pages } = countedPages()
  for (let round = 0; round < 3; round++) {
    for (const [n, id] of ids.entries()) expect((await pages.row(rowOf(id, 'large')))?.n).toBe(n)
  }
})
