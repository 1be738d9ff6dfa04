import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { quantile } from '../side-by-side.js'
import { pages } from '../tasks/pages.js'

const file = new URL('../../../../shared/data/birds/birds.json', import.meta.url)
const ROWS = 1_000
const STOP_AT = 50
const paths = { rows: '/v1/datasets/birds/rows', plain: '/api/birds', prefetch: '/api/birds with prefetch' }

export const bench: Bench = {
  name: 'birds',
  summary:
    '1,000 records in pages of five with the SDK, all of them and until the 50th; with and without reading ahead',
  async run({ report, rounds, directory }) {
    if (!existsSync(file)) {
      console.warn(`SKIPPED, real data is missing: ${file.pathname}`)
      return
    }
    const survey = readFileSync(file)
    const table: (string | number)[][] = []
    for (const aheadRows of [1_000, 0]) {
      const first = new Map<string, number[]>()
      const later = new Map<string, number[]>()
      const requests = new Map<string, number>()
      for (let round = 0; round < rounds; round++) {
        for (const way of ['rows', 'plain', 'prefetch'] as const) {
          for (const stopAt of [ROWS, STOP_AT]) {
            // A server of its own, so that the first walk finds nothing read ahead.
            const data = join(directory, `${aheadRows}-${round}-${way}-${stopAt}`)
            await mkdir(data)
            await writeFile(join(data, 'barkeep.config.json'), JSON.stringify({ 'api.pageAheadRows': aheadRows }))
            const server = await startServerProcess(data)
            const client = createClient({ url: server.url })
            await client.dataset('birds').insert(survey, { contentType: 'application/json', key: ['BirdNo'] })
            const { output } = await runTask(pages, { url: server.url, way, stopAt })
            await server.stop()
            const name = `${paths[way]}, ${stopAt} rows`
            const [cold = 0, ...warm] = output.seconds
            first.set(name, [...(first.get(name) ?? []), cold])
            later.set(name, [...(later.get(name) ?? []), ...warm])
            requests.set(name, output.requests)
            process.stderr.write('.')
          }
        }
      }
      for (const [name, seconds] of first) {
        table.push([
          name,
          aheadRows,
          requests.get(name) ?? 0,
          milliseconds(seconds, 0),
          milliseconds(seconds, 0.5),
          milliseconds(later.get(name) ?? [], 0),
          milliseconds(later.get(name) ?? [], 0.5),
        ])
      }
    }
    process.stderr.write('\n')
    const columns = [
      'walk',
      'read ahead',
      'requests',
      'first min ms',
      'first median ms',
      'later min ms',
      'later median ms',
    ]
    report.table('Pages of five', columns, table)
  },
}

function milliseconds(seconds: readonly number[], part: number): number {
  return rounded(
    quantile(
      [...seconds].sort((a, b) => a - b),
      part,
    ) * 1_000,
  )
}
