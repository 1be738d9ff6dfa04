import { expect, test } from 'vitest'
import { createReport } from './report.js'
import { type Contestant, quantile, sideBySide } from './side-by-side.js'

/** A way that notes its turn and takes the given seconds, one after the other. */
function contestant(name: string, turns: string[], seconds: number[]): Contestant {
  return {
    name,
    async run() {
      turns.push(name)
      return { seconds: seconds.shift() ?? Number.NaN, rows: 1_000_000, peakBytes: 1_048_576 * turns.length }
    },
  }
}

test('every second round goes backwards, so that no way always follows the same one', async () => {
  const turns: string[] = []
  await sideBySide([contestant('a', turns, [1, 1, 1]), contestant('b', turns, [1, 1, 1])], 3)
  expect(turns.join('')).toBe('abbaab')
})

test('of several runs the fastest, the middle one and the highest peak are told', async () => {
  const [result] = await sideBySide([contestant('a', [], [3, 1, 2])], 3)
  expect(result).toMatchObject({ minSeconds: 1, medianSeconds: 2, peakBytes: 3 * 1_048_576, minCpuSeconds: undefined })
})

test('the ratio says how fast the first way is beside each', async () => {
  const lines: string[] = []
  const results = await sideBySide([contestant('a', [], [2]), contestant('b', [], [0.5])], 1)
  createReport('example', (line) => lines.push(line)).results('two ways', results)
  const json = lines.find((line) => line.startsWith('{')) ?? ''
  expect(JSON.parse(json).rows).toEqual([
    ['a', 1_000_000, 2, 2, 0.5, 1, '–', 1],
    ['b', 1_000_000, 0.5, 0.5, 2, 0.25, '–', 1],
  ])
})

test('a quantile is a value that was measured', () => {
  expect([quantile([1, 2, 3, 4], 0), quantile([1, 2, 3, 4], 0.99), quantile([], 0.5)]).toEqual([1, 4, Number.NaN])
})
