// Every failure is a BarkeepError with a code of the catalogue, and a message that names the cure.
import { BarkeepError, createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

try {
  await barkeep.bars(['SIM:1001'], { interval: '1d', start: '2026-11-20', end: '2026-11-16' })
} catch (error) {
  if (!(error instanceof BarkeepError)) throw error
  console.log(error.code, error.status)
  console.log(error.message)
}

const controller = new AbortController()
const exchanges = barkeep.exchanges({ signal: controller.signal }).toArray()
controller.abort()
await exchanges.catch((error: unknown) => console.log(error instanceof BarkeepError ? error.code : error))
