import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openContents } from '../../store/contents.js'
import { openChdbStore } from '../../store/engine/chdb-store.js'
import type { Store } from '../../store/store.js'
import { TaskTable } from '../../store/tasks/task-table.js'
import type { Clock } from '../limiter/clock.js'
import { createStoreTaskQueue } from './store-task-queue.js'
import { taskQueueContract } from './task-queue.contract.js'

let directory: string
let store: Store

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-tasks-'))
  store = await openChdbStore({ directory, streamsMax: 1 })
  await openContents(store)
})
afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})

taskQueueContract('the queue of one process', async () => {
  await store.command('TRUNCATE TABLE crawl_tasks')
  const clock = new EagerClock()
  const table = new TaskTable(store)
  const queues = [await createStoreTaskQueue(table, clock)]
  return {
    queue: queues[0] ?? (await createStoreTaskQueue(table, clock)),
    now: () => clock.now(),
    async crash() {
      const next = await createStoreTaskQueue(table, clock)
      queues.push(next)
      return next
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()))
    },
  }
})

/** Time goes on only while somebody sleeps, and then at once. */
class EagerClock implements Clock {
  #nowMs = Date.UTC(2026, 10, 20)

  now(): number {
    return this.#nowMs
  }

  async sleep(delayMs: number): Promise<void> {
    this.#nowMs += delayMs
  }
}
