import { cpuSecondsOf, forgetPeakOf, peakBytesOf } from './memory.js'
import type { Measurement } from './side-by-side.js'

/** Measures work that another process, such as the server, does: its memory and processor time instead of the caller's. */
export async function meterOf(
  pid: number,
  work: () => Promise<{ readonly seconds: number; readonly rows: number }>,
): Promise<Measurement> {
  await forgetPeakOf(pid)
  const before = await cpuSecondsOf(pid)
  const { seconds, rows } = await work()
  const after = await cpuSecondsOf(pid)
  const cpuSeconds = before === undefined || after === undefined ? undefined : after - before
  return { seconds, rows, cpuSeconds, peakBytes: await peakBytesOf(pid) }
}
