import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import type { Bench } from '../bench.js'
import { runTask, startService } from '../child.js'
import { writeMarket } from '../market.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { type Heard, listeners } from '../tasks/listeners.js'
import { postFile } from '../tasks/post-file.js'

const LISTENERS = 100
/** Two years of minute bars of so many instruments are about a million. */
const INSTRUMENTS = 9
const QUIET_MESSAGES = 50
const MINUTE_MS = 60_000
const NS_PER_MS = 1e6

export const bench: Bench = {
  name: 'live-backfill',
  summary:
    'bars published to 100 subscribers while a million older ones are posted: latency, and what subscribers hear',
  async run({ report, directory }) {
    const path = await writeMarket(join(directory, 'market.csv'), { instrumentsMax: INSTRUMENTS })
    const data = join(directory, 'data')
    await mkdir(data)
    const server = await startServerProcess(data)
    const publisher = await createClient({ url: server.url }).publish('kmin')
    const crowd = await startService(listeners, { url: server.url, listeners: LISTENERS })
    const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
    let number = 0
    const publish = async () => {
      number += 1
      const ts = new Date(startMs + number * MINUTE_MS).toISOString().replace('.000', '')
      const prices = { open: 10, high: 11, low: 9, close: 10.5 }
      const heard = crowd.ask({ until: LISTENERS })
      const sentMs = Number(process.hrtime.bigint()) / NS_PER_MS
      await publisher.send([{ instrument: 'SIM:LIVE', ts, ...prices, volume: number, turnover: 1_000, trades: 3 }])
      const { numbers, receivedMs } = (await heard) as Heard // the task says nothing else
      // Anything of the backfill would come with another number.
      if (numbers.some((each) => each !== number)) throw new Error('a listener was told a bar that was not published')
      return [...receivedMs].map((at) => at - sentMs)
    }
    await publish()
    const quiet: number[] = []
    for (let left = QUIET_MESSAGES; left > 0; left--) quiet.push(...(await publish()))
    let posted: { readonly seconds: number; readonly rows: number } | undefined
    const posting = runTask(postFile, { url: server.url, path, type: 'text/csv' }).then(({ output }) => {
      posted = output
    })
    const busy: number[] = []
    while (posted === undefined) busy.push(...(await publish()))
    await posting
    const row = (when: string, ms: number[]) => {
      ms.sort((a, b) => a - b)
      const at = (share: number) => rounded(ms[Math.floor(ms.length * share)] ?? 0)
      return [when, ms.length / LISTENERS, at(0.5), at(0.99)]
    }
    const during = `while ${posted.rows.toLocaleString('en')} rows are posted, ${rounded(posted.seconds)} s`
    report.table(
      'Live beside a backfill',
      ['when', 'messages', 'p50 ms', 'p99 ms'],
      [row('before', quiet), row(during, busy)],
    )
    await crowd.stop()
    await publisher.close()
    await server.stop()
  },
}
