import type { Task } from './child.js'

const BYTES_PER_KIB = 1_024
const MICROSECONDS = 1e6
const file = process.argv[2] ?? ''

// A service goes with the bench that started it, however that ends.
process.once('disconnect', () => process.exit())

process.once('message', async (message) => {
  const { input } = message as { input: unknown } // child.ts sends nothing else
  // The parent names a file of this folder, and every one exports its task.
  const { task } = (await import(new URL(`./tasks/${file}.js`, import.meta.url).href)) as {
    task: Task<unknown, unknown>
  }
  const before = process.cpuUsage()
  const output = await task(input)
  const { user, system } = process.cpuUsage(before)
  const cpuSeconds = (user + system) / MICROSECONDS
  process.send?.({ output, cpuSeconds, peakBytes: process.resourceUsage().maxRSS * BYTES_PER_KIB })
})
