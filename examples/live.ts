// Publishes two minutes and listens to them: history first, then each bar as it is committed, none lost, none twice.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

// The live topics carry the bars of today, at the exchange.
const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
const publisher = await barkeep.publish('kmin')
const prices = { open: 100, high: 101, low: 99, close: 100.5, volume: 1_000, turnover: null, trades: null }
const publish = (minute: string) => {
  const ts = `${today}T${minute}:00Z`
  return publisher.send([{ instrument: 'SIM:live', ts, ...prices }], { done: ts })
}

await publish('01:00')
for await (const message of barkeep.stream('kmin', ['SIM:live'], { since: today })) {
  if (message.kind === 'done') continue // all bars of message.ts have arrived, or are named in message.missing
  for (const bar of message.bars) console.log(bar.ts, bar.instrument, bar.close)
  // What comes out of the store has no position in the log.
  if (message.position !== null) break
  await publish('01:01')
}
await publisher.close()
