import type { Report } from './report.js'

/** What `npm run bench -- NAME` runs. A file in `benches/` exports one as `bench`; nothing else needs to know it. */
export interface Bench {
  readonly name: string
  /** One line for the list. */
  readonly summary: string
  run(context: BenchContext): Promise<void>
}

export interface BenchContext {
  readonly report: Report
  /** How often each way is measured. */
  readonly rounds: number
  /** An empty directory of this run, deleted after it. */
  readonly directory: string
}
