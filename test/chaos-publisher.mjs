// A publisher that never gives up, built: it tells the minute of its clock, with all instruments, as long as it lives.
// Tests start it as a process of its own, to kill it, to stop it amid its work, and to let it go on.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../packages/client/dist/index.js'

/** A minute of its clock lasts `tickMs` and the first began at `startedMs`; bars of minute 0 start at `openMs`. */
const { url, name, instruments, openMs, startedMs, tickMs, takeovers } = JSON.parse(process.argv[2])
const UNDER_WAY_MAX = 4
/** How a term may end or fail to begin amid chaos. */
const expected = ['LEASE_LOST', 'LEASE_HELD', 'CONNECTION_FAILED', 'SERVICE_UNAVAILABLE']
/** No two bars that it tells are the same. */
let version = 0
let isEnding = false
process.once('SIGTERM', () => {
  isEnding = true
})

const minuteNow = () => Math.floor((Date.now() - startedMs) / tickMs)

function barsOf(minute) {
  const ts = new Date(openMs + minute * 60_000).toISOString().replace('.000', '')
  version += 1
  const numbers = { open: 10, high: 11, low: 9, close: 10.5, volume: version, turnover: null, trades: 1 }
  return instruments.map((instrument) => ({ instrument, ts, ...numbers }))
}

/** Publishes until it is told to end, or the term is lost. */
async function serveTerm(publisher, source) {
  const underWay = new Set()
  let lost
  for (let minute = Math.max(0, minuteNow() - 2); !isEnding && lost === undefined; ) {
    if (minute > minuteNow() || underWay.size >= UNDER_WAY_MAX) {
      await Promise.race([sleep(tickMs / 2), ...underWay])
      continue
    }
    const bars = barsOf(minute)
    const sent = publisher
      .send(bars, { done: bars[0].ts })
      .then(() => process.stdout.write(`${JSON.stringify({ source, ts: bars[0].ts, version: bars[0].volume })}\n`))
      .catch((error) => {
        lost = error
      })
      .finally(() => underWay.delete(sent))
    underWay.add(sent)
    minute += 1
  }
  await Promise.all(underWay)
  if (lost !== undefined && !expected.includes(lost.code)) process.stderr.write(`${lost.code} ${lost.message}\n`)
  await publisher.close()
}

for (let term = 1; !isEnding; term++) {
  const source = `${name}.${term}`
  try {
    // Some take the topic from whoever has it, some wait for their turn.
    const takeover = takeovers && term % 2 === 0
    await serveTerm(await createClient({ url }).publish('kmin', { source, takeover }), source)
  } catch (error) {
    if (!expected.includes(error.code)) process.stderr.write(`${error.code} ${error.message}\n`)
  }
  if (!isEnding) await sleep(tickMs)
}
process.exit(0)
