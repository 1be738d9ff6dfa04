import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openContents } from '../../store/contents.js'
import { openChdbStore } from '../../store/engine/chdb-store.js'
import { TaskTable } from '../../store/tasks/task-table.js'
import { wallClock } from '../open-crawl.js'
import { createStoreTaskQueue } from './store-task-queue.js'

const migrations = new URL('../../../migrations/', import.meta.url)
/** What a data directory has seen whose tasks had one row each. */
const before = ['0001-bars', '0002-datasets', '0003-crawl', '0004-schedules', '0005-keys']

test('tasks of a directory that was made when a task belonged to one crawl are still there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'barkeep-tasks-before-'))
  const store = await openChdbStore({ directory, streamsMax: 1 })
  try {
    await store.command('CREATE TABLE migrations (name String, at DateTime) ENGINE = MergeTree ORDER BY name')
    for (const name of before.map((one) => `${one}.sql`)) {
      const sql = readFileSync(new URL(name, migrations), 'utf8').replaceAll(/^\s*--.*$/gm, '')
      for (const one of sql.split(';').filter((text) => text.trim() !== '')) await store.command(one)
      await store.command('INSERT INTO migrations SELECT {name:String}, now()', { name })
    }
    const row = (page: number, crawl: number, state: string, version: number) =>
      `('twse', 'twse/dailyBars/${page}', ${crawl}, 'dailyBars', '{"page":${page}}', '${state}', ${page}, toDateTime64(0, 3, 'UTC'), 'why ${page}', ${page}, ${version})`
    await store.command(
      `INSERT INTO tasks VALUES ${[row(1, 1, 'waiting', 1), row(1, 1, 'done', 5), row(2, 1, 'waiting', 2), row(3, 2, 'dead', 6), row(4, 2, 'waiting', 4)].join(', ')}`,
    )
    await openContents(store)
    const queue = await createStoreTaskQueue(new TaskTable(store), wallClock)
    expect(await queue.counts(1)).toEqual({ waiting: 1, active: 0, done: 1, dead: 0 })
    expect(await queue.counts(2)).toEqual({ waiting: 1, active: 0, done: 0, dead: 1 })
    expect(await queue.dead('twse', 10)).toMatchObject([{ crawl: 2, attempts: 3, error: 'why 3' }])
    const take = () => queue.take('twse', AbortSignal.timeout(240_000))
    const leases = [await take(), await take()]
    expect(leases.map(({ queued }) => queued)).toMatchObject([
      { crawl: 1, attempts: 2, task: { params: { page: 2 } } },
      { crawl: 2, attempts: 4, task: { params: { page: 4 } } },
    ])
    for (const lease of leases) await lease.done([])
    await queue.close()
    const again = await createStoreTaskQueue(new TaskTable(store), wallClock)
    expect(await again.counts(1)).toEqual({ waiting: 0, active: 0, done: 2, dead: 0 })
  } finally {
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
