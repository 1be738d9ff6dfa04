import { readFile, writeFile } from 'node:fs/promises'

const BYTES_PER_KIB = 1_024
const MICROSECONDS = 1e6

/** The most memory that a process has had resident since its peak was last forgotten; undefined where /proc is missing. */
export async function peakBytesOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return kib === undefined ? undefined : Number(kib) * BYTES_PER_KIB
}

/** Starts the peak of a process anew from what it has resident now. */
export async function forgetPeakOf(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined)
}

/** Processor seconds, user and system, that this process has used since `process.cpuUsage()` gave `before`. */
export function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / MICROSECONDS
}

/** Clock ticks a second in /proc: fixed by the kernel's interface. */
const TICKS_PER_SECOND = 100

/** Processor seconds, user and system, that a process has used so far; undefined where /proc is missing. */
export async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name of the program comes before, in brackets, and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  return stat === '' ? undefined : (user + system) / TICKS_PER_SECOND
}
