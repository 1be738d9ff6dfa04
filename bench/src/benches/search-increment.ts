import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { rounded } from '../report.js'
import { quantile } from '../side-by-side.js'
import { searchIncrements } from '../tasks/search-increments.js'

/** Hits there are before, that come, and that change: the seed's own case, one that is as hard again, and ten times as many. */
const cases = [
  { records: 10_000, comes: 1_000, changes: 0 },
  { records: 10_000, comes: 1_000, changes: 1_000 },
  { records: 100_000, comes: 1_000, changes: 1_000 },
] as const
/** Times that each way is measured, for each of the rounds; comparing snapshots takes so much longer. */
const times = { log: 1_000, comparing: 20 } as const

export const bench: Bench = {
  name: 'search-increment',
  summary:
    'an increment of a search made and packed: change log, the way of the seed, fast-json-patch; and how each grows',
  async run({ report, rounds }) {
    const table: (string | number)[][] = []
    for (const { records, comes, changes } of cases) {
      for (const ways of ['log', 'comparing'] as const) {
        const input = { records, comes, changes, ways, rounds: times[ways] * rounds }
        const { output } = await runTask(searchIncrements, input)
        for (const { way, bytes, ms, cpuMs } of output) {
          const told = [ms, cpuMs].flatMap((all) => [0, 0.5, 0.99].map((part) => rounded(quantile(all, part))))
          table.push([way, records, comes, changes, ms.length, bytes, ...told])
        }
        process.stderr.write('.')
      }
    }
    process.stderr.write('\n')
    const clocks = ['min ms', 'p50 ms', 'p99 ms', 'CPU min ms', 'CPU p50 ms', 'CPU p99 ms']
    report.table('One increment', ['way', 'before', 'come', 'change', 'times', 'bytes', ...clocks], table)
  },
}
