import { createClient } from '@barkeep/client'
import type { Bar } from '@barkeep/core'

/** Publishes a bar and a correction of one that is there, and gives what a stream with history told of it. */
export async function useLiveServer(url: string, next: Bar, correction: Bar): Promise<unknown> {
  const client = createClient({ url })
  const publisher = await client.publish('kmin')
  const told: unknown[] = []
  for await (const { kind, ts, position } of client.stream('kmin', [next.instrument], { since: '2026-11-20' })) {
    told.push([kind, ts, position?.seq ?? null])
    if (position === null) {
      await publisher.send([next], { done: next.ts })
      await publisher.send([correction])
    }
    if (kind === 'corrections') break
  }
  await publisher.close()
  return told
}
