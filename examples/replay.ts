// Walks through two sessions minute by minute, all instruments at once, and finds the busiest minute.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

let largest = { ts: 0, volume: 0 }
for await (const { ts, length, columns } of barkeep.replay({
  interval: '1m',
  start: '2026-11-19',
  end: '2026-11-21',
})) {
  let volume = 0
  for (let row = 0; row < length; row++) volume += Number(columns.volume[row])
  if (volume > largest.volume) largest = { ts, volume }
}
console.log(new Date(largest.ts).toISOString(), largest.volume)
