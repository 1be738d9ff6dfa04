import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

const BYTES_PER_GIB = 1_024 ** 3

/** On what was measured, in one line; the load tells whether others worked on it at the same time. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memoryGib = Math.round(totalmem() / BYTES_PER_GIB)
  const load = loadavg()[0]?.toFixed(1) ?? '?'
  return `${model}, ${availableParallelism()} cores, ${memoryGib} GiB, ${process.platform} ${process.arch}, Node ${process.version}, load ${load} at the start`
}
