import { expect, test } from 'vitest'
import { CrawlFeed } from './crawl-feed.js'
import type { Clock } from './limiter/clock.js'

/** Sleeps until the test says so. */
function slowClock() {
  const sleepers: { ms: number; wake: () => void }[] = []
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ ms, wake: resolve })
        signal?.addEventListener('abort', () => reject(signal.reason))
      }),
  }
  return { clock, sleepers }
}

function feedOf(clock: Clock) {
  const looks: number[] = []
  const feed = new CrawlFeed({
    crawls: {
      async status(id) {
        looks.push(id)
        const tasks = { waiting: 1, active: 0, done: looks.length, dead: 0 }
        const order = { connector: 'twse', plan: 'days', start: '2024-01-01', end: '2024-01-02' }
        return { id, order, state: 'running', tasks }
      },
    },
    engine: { status: () => undefined },
    clock,
    everyMs: 500,
  })
  return { feed, looks }
}

test('a crawl is looked at once, however many follow it', async () => {
  const { clock, sleepers } = slowClock()
  const { feed, looks } = feedOf(clock)
  const followers = [feed.later(1), feed.later(1), feed.later(1), feed.later(2)]
  expect(sleepers.map(({ ms }) => ms)).toEqual([500, 500])
  for (const { wake } of sleepers) wake()
  expect((await Promise.all(followers)).map(({ id }) => id)).toEqual([1, 1, 1, 2])
  expect(looks).toEqual([1, 2])
})

test('who asks again is told of the next look, and not before its time', async () => {
  const { clock, sleepers } = slowClock()
  const { feed } = feedOf(clock)
  const first = feed.later(1)
  sleepers[0]?.wake()
  expect((await first).tasks.done).toBe(1)
  const second = feed.later(1)
  expect(sleepers).toHaveLength(2)
  sleepers[1]?.wake()
  expect((await second).tasks.done).toBe(2)
})

test('closing ends every wait', async () => {
  const { clock } = slowClock()
  const { feed, looks } = feedOf(clock)
  const waiting = feed.later(1)
  feed.close()
  await expect(waiting).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  expect(looks).toEqual([])
})
