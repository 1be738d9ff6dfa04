// Hour bars of one instrument, page by page as they are needed; leaving the loop stops asking.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

let volumeShares = 0
for await (const bar of barkeep.bars(['SIM:1001'], { interval: '1h', start: '2026-11-16', limit: 5 })) {
  volumeShares += bar.volume
  console.log(bar.ts, bar.close, volumeShares)
  if (volumeShares > 10_000_000) break
}
