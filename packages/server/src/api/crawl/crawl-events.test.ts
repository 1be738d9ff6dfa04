import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { CrawlProgress } from '../../crawl/crawl-feed.js'
import { eventStream } from './crawl-events.js'

function progress(done: number, all = 1_000): CrawlProgress {
  return {
    id: 3,
    order: { connector: 'twse', plan: 'days', start: '2024-01-01', end: '2024-02-01' },
    state: done === all ? 'done' : 'running',
    tasks: { waiting: all - done, active: 0, done, dead: 0 },
    blockedUntilMs: null,
    stoppedBy: null,
  }
}

/** Gives one state after the other, as fast as they are asked for. */
function feedOf(states: readonly CrawlProgress[]) {
  const left = [...states]
  let looks = 0
  return {
    looks: () => looks,
    async later() {
      looks += 1
      return left.shift() ?? progress(1_000)
    },
  }
}

const options = { known: undefined, heartbeatMs: 15_000, now: () => 0 }
const doneOf = (text: string) => [...text.matchAll(/"done":(\d+)/g)].map(([, done]) => Number(done))

async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk.toString()
  return text
}

test('a reader who does not read makes the server look at nothing', async () => {
  const feed = feedOf(Array.from({ length: 500 }, (_, index) => progress(index + 1)))
  const stream = eventStream(feed, progress(0), options)
  const chunks = stream[Symbol.asyncIterator]()
  expect((await chunks.next()).value.toString()).toBe('retry: 1000\n\n')
  for (let turns = 0; turns < 100; turns += 1) await turn()
  expect(feed.looks()).toBeLessThanOrEqual(1)
  expect(stream.readableLength).toBeLessThan(1_000)
  await chunks.return?.()
})

test('states that are the same are told once, and the last is that of the end', async () => {
  const feed = feedOf([progress(1), progress(1), progress(1), progress(2)])
  const text = await textOf(eventStream(feed, progress(1), options))
  expect(doneOf(text)).toEqual([1, 2, 1_000])
})

test('a state that the reader knows by its id is not told', async () => {
  const [, id] = /id: (.+)/.exec(await textOf(eventStream(feedOf([]), progress(1), options))) ?? []
  expect(doneOf(await textOf(eventStream(feedOf([]), progress(1), { ...options, known: id })))).toEqual([1_000])
})

test('a sign of life comes when nothing has changed for so long', async () => {
  let nowMs = 0
  const now = () => {
    nowMs += 5_000
    return nowMs
  }
  const feed = feedOf(Array.from({ length: 8 }, () => progress(1)))
  const text = await textOf(eventStream(feed, progress(1), { ...options, now }))
  expect(text.match(/^:$/gm)?.length).toBeGreaterThan(0)
  expect(doneOf(text)).toEqual([1, 1_000])
})

test('the stream ends where the state cannot be told any more', async () => {
  const later = () => Promise.reject(new Error('The store is closed.'))
  expect(doneOf(await textOf(eventStream({ later }, progress(1), options)))).toEqual([1])
})
