import { join } from 'node:path'
import type { Bench, BenchContext } from '../bench.js'
import { startService } from '../child.js'
import { openStage, type Way, wayNames } from '../fan-out-stage.js'
import { forgetPeakOf, peakBytesOf } from '../memory.js'
import { type Heard, listeners } from '../tasks/listeners.js'

const FROZEN = 10
/** A large market, so often that it is more than the system buffers for a connection: 32 MiB and more. */
const BARS = 1_000
const MESSAGES = 400
const LOOK_EVERY = 20
const BYTES_PER_KIB = 1_024
const BYTES_PER_MIB = BYTES_PER_KIB ** 2

export const bench: Bench = {
  name: 'frozen',
  summary: 'memory of the server while ten subscribers take nothing, beside ten that take all; and of plain `ws`',
  async run(context) {
    const rows: (string | number)[][] = []
    for (const way of ['live', 'ws'] as const) {
      const [frozen, awake] = [await flood(way, context, true), await flood(way, context, false)]
      const outboxes = [frozen, awake].map(({ fullestBytes }) =>
        fullestBytes === undefined ? '–' : Math.ceil(fullestBytes / BYTES_PER_KIB),
      )
      const sizes = [frozen.sentBytes, frozen.afterBytes, awake.afterBytes].map((bytes) => bytes / BYTES_PER_MIB)
      rows.push([wayNames[way], FROZEN, ...outboxes, ...sizes.map(Math.round)])
    }
    const columns = ['way', 'frozen', 'KiB in the fullest outbox', 'none frozen', 'MiB sent to each']
    context.report.table('Subscribers that take nothing', [...columns, 'MiB of the server', 'none frozen'], rows)
  },
}

/** Sends everything to one that takes it, and to others that may not. */
async function flood(way: Way, context: BenchContext, isFrozen: boolean) {
  const stage = await openStage(way, { directory: join(context.directory, `${way}-${isFrozen}`), sample: '' })
  try {
    const one = await startService(listeners, { url: stage.url, listeners: 1 })
    const many = await startService(listeners, { url: stage.url, listeners: FROZEN, isFrozen })
    const residentBytes = async () => {
      await forgetPeakOf(stage.pid)
      return (await peakBytesOf(stage.pid)) ?? 0
    }
    let sentBytes = 0
    let fullestBytes: number | undefined
    for (let number = 1; number <= MESSAGES; number++) {
      const heard = one.ask({ until: 1 })
      await stage.send(number, BARS, 1)
      sentBytes += ((await heard) as Heard).bytes // the task says nothing else
      if (way === 'ws' || number % LOOK_EVERY > 0) continue
      fullestBytes = Math.max(fullestBytes ?? 0, await fullestOutboxOf(stage.url))
    }
    const afterBytes = await residentBytes()
    await Promise.all([one.stop(), many.stop()])
    return { sentBytes, fullestBytes, afterBytes }
  } finally {
    await stage.stop()
  }
}

/** Bytes that wait in this moment for the subscriber that has most to take, as the server counts them. */
async function fullestOutboxOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const bytes = /^barkeep_live_outbox_bytes\{of="fullest"\} (\d+)$/m.exec(text)?.[1]
  if (bytes === undefined) throw new Error('the server does not tell what waits')
  return Number(bytes)
}
