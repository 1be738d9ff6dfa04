import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '@barkeep/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openContents } from '../contents.js'
import { openChdbStore } from '../engine/chdb-store.js'
import type { Store } from '../store.js'

let directory: string
let store: Store

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-definitions-'))
  store = await openChdbStore({ directory, streamsMax: 1 })
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const definition = (name: string, more: Dataset['columns'] = []): Dataset => ({
  name,
  title: name,
  licence: null,
  source: null,
  key: ['id'],
  columns: [{ name: 'id', type: 'string', nullable: false }, ...more],
})
const note = { name: 'note', type: 'string', nullable: true } as const

test('a start finds every dataset as it was, and none that was removed', async () => {
  const { datasets, datasetChanges } = await openContents(store)
  for (const name of ['kept', 'removed', 'changed']) await datasetChanges.declare(definition(name))
  await datasetChanges.declare(definition('changed', [note]))
  await datasetChanges.remove('removed')
  const again = await openContents(store)
  expect(again.datasets.all).toEqual(datasets.all)
  expect(again.datasets.all.map(({ name }) => name)).toEqual(['kept', 'changed'])
  // Rows of another must never be found under a number that was given before.
  expect((await again.datasetChanges.declare(definition('next'))).dataset.id).toBe(4)
})

test('a removal that was cut short is finished, and so is a column that nobody declared', async () => {
  const { datasets, datasetChanges } = await openContents(store)
  const { id } = datasets.get('kept')
  await store.command(`ALTER TABLE dataset_${id} ADD COLUMN note Nullable(Int64)`)
  await datasetChanges.declare(definition('kept', [note]))
  const row = { id: '1', note: 'text' }
  await datasetChanges.putRow(datasets.get('kept'), row)
  expect(await store.rows(`SELECT id, note FROM dataset_${id}`)).toEqual([row])

  await store.command(`INSERT INTO datasets SELECT ${id}, '', now64(3) + 1`)
  const again = await openContents(store)
  expect(again.datasets.find('kept')).toBeUndefined()
  expect(await store.rows(`SELECT name FROM system.tables WHERE name = 'dataset_${id}'`)).toEqual([])
})

test('no new dataset has a name of the store, and one that is older than the name stays what it was', async () => {
  const { datasetChanges } = await openContents(store)
  await expect(datasetChanges.declare(definition('crawls'))).rejects.toMatchObject({ code: 'CONFLICT' })
  await datasetChanges.declare(definition('rocks'))
  await store.command(
    `INSERT INTO datasets SELECT id, replaceAll(definition, '"rocks"', '"crawls"'), now64(3) + 1 FROM datasets FINAL WHERE position(definition, '"rocks"') > 0`,
  )
  const { datasets, sources, datasetChanges: changes } = await openContents(store)
  await changes.putRow(datasets.get('crawls'), { id: 'north face' })
  expect(sources.get('crawls').dataset.key).toEqual(['id'])
  expect(sources.get('crawls').dataset.readOnly).toBeUndefined()
  expect(sources.writtenBy('crawls')).toBeUndefined()
  expect(sources.all.filter(({ dataset }) => dataset.name === 'crawls')).toHaveLength(1)
  await changes.remove('crawls')
  expect(sources.get('crawls').dataset.readOnly).toBe(true)
})
