/** One way to the same result. */
export interface Contestant {
  readonly name: string
  run(): Promise<Measurement>
}

export interface Measurement {
  readonly seconds: number
  readonly rows: number
  /** Resident memory of the process that did the work, at its highest. */
  readonly peakBytes?: number | undefined
  /** Processor time of that process: what else the machine does hardly changes it. */
  readonly cpuSeconds?: number | undefined
}

export interface Result {
  readonly name: string
  readonly rows: number
  readonly minSeconds: number
  readonly medianSeconds: number
  readonly peakBytes: number | undefined
  readonly minCpuSeconds: number | undefined
}

/**
 * Measures all ways in turn, `rounds` times, so that what else the machine does meets them alike.
 * Every second round goes backwards: none always follows the same one.
 */
export async function sideBySide(contestants: readonly Contestant[], rounds: number): Promise<Result[]> {
  const measured = contestants.map((contestant) => ({ contestant, runs: [] as Measurement[] }))
  for (let round = 0; round < rounds; round++) {
    for (const { contestant, runs } of round % 2 === 0 ? measured : measured.toReversed()) {
      runs.push(await contestant.run())
      process.stderr.write('.')
    }
  }
  process.stderr.write('\n')
  return measured.map(({ contestant, runs }) => summarize(contestant.name, runs))
}

/** Of several runs the fastest and the middle one, and the highest peak. */
function summarize(name: string, runs: readonly Measurement[]): Result {
  const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b)
  const peaks = runs.map(({ peakBytes }) => peakBytes).filter((peakBytes) => peakBytes !== undefined)
  const cpu = runs.map(({ cpuSeconds }) => cpuSeconds).filter((cpuSeconds) => cpuSeconds !== undefined)
  return {
    name,
    rows: runs[0]?.rows ?? 0,
    minSeconds: quantile(seconds, 0),
    medianSeconds: quantile(seconds, 0.5),
    peakBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
    minCpuSeconds: cpu.length === 0 ? undefined : Math.min(...cpu),
  }
}

/** The value below which the given part of the values lies; `sorted` ascending, NaN when it is empty. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? Number.NaN
}
