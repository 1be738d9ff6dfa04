import { type ConnectorSearch, type Task, type TaskResult, upstreamError } from '@barkeep/core'
import { expect, test } from 'vitest'
import { SimulatedClock } from '../crawl/limiter/simulated-clock.contract.js'
import { createConnectorSource } from './connector-source.js'
import { hit } from './fake-sources.contract.js'

const never = new AbortController().signal
const taskOf = (query: string, page: number): Task => ({
  connector: 'fake',
  handler: 'search',
  params: { query, page },
})

/** An upstream of so many pages of one row each, a second a page. */
function open(pages: number, pagesMax = 10, fails = false) {
  const clock = new SimulatedClock(1_000_000)
  const asked: Task[] = []
  const search: ConnectorSearch = {
    ...{ datasets: ['found'], keepMs: 60_000 },
    *tasks(query) {
      yield taskOf(query, 1)
    },
    found: ({ rows = [] }) => rows.flatMap((page) => page.rows.map((row) => hit({ symbol: String(row.symbol) }))),
  }
  const source = createConnectorSource(
    { id: 'fake', search },
    {
      ...{ clock, pagesMax },
      async askNow(task, signal) {
        asked.push(task)
        await clock.sleep(1_000, signal)
        const { query, page } = task.params
        const rows = [{ symbol: `${query}${page}` }]
        const result: TaskResult = {
          ...{ task, data: { covers: [], rows: [{ dataset: 'found', rows }] } },
          nextTasks: Number(page) < pages ? [taskOf(String(query), Number(page) + 1)] : [],
        }
        const kept = fails ? Promise.reject(upstreamError('UPSTREAM_FAILED', 'not kept')) : Promise.resolve()
        return { result, kept }
      },
    },
  )
  if (source === undefined) throw new Error('it can be searched')
  const collect = async (query: string, signal = never) => {
    const symbols: string[] = []
    for await (const page of source.search(query, signal)) symbols.push(...page.map(({ symbol }) => symbol))
    return symbols
  }
  return { clock, asked, collect }
}

test('a connector that cannot search is no source', () => {
  const parts = { clock: new SimulatedClock(0), pagesMax: 1, askNow: () => Promise.reject(new Error()) }
  expect(createConnectorSource({ id: 'mute' }, parts)).toBeUndefined()
})

test('pages are asked one after the other, as each names the next, and only so many', async () => {
  const few = open(3)
  expect(await few.clock.run(few.collect('a'))).toEqual(['a1', 'a2', 'a3'])
  const many = open(100, 2)
  expect(await many.clock.run(many.collect('a'))).toEqual(['a1', 'a2'])
  expect(many.asked).toHaveLength(2)
})

test('the same question is asked once while its answer holds, and once by two who ask together', async () => {
  const { clock, asked, collect } = open(1)
  expect(await clock.run(Promise.all([collect('a'), collect('a')]))).toEqual([['a1'], ['a1']])
  expect(await clock.run(collect('a'))).toEqual(['a1'])
  expect(asked).toHaveLength(1)
  await clock.pass(61_000)
  await clock.run(collect('a'))
  expect(asked).toHaveLength(2)
})

test('who waits for the question of another asks anew where the other left', async () => {
  const { clock, asked, collect } = open(1)
  const left = new AbortController()
  const leaver = collect('a', left.signal).catch(() => 'left')
  const stayer = collect('a')
  await clock.settle()
  left.abort()
  expect(await clock.run(Promise.all([leaver, stayer]))).toEqual(['left', ['a1']])
  expect(asked).toHaveLength(2)
})

test('what was found and could not be kept is told, after it was given', async () => {
  const { clock, collect } = open(1, 1, true)
  await expect(clock.run(collect('a'))).rejects.toThrow('not kept')
})
