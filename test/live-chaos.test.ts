import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@barkeep/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Hearsay, StreamListener, WordListener } from './chaos-listeners.js'
import {
  checkContent,
  checkLogs,
  checkTold,
  createRandom,
  date,
  instruments,
  reachAll,
  session,
  storedBars,
} from './chaos-outcome.js'
import { kill, Newsroom, Processes, type ServerProcess, type Told } from './chaos-processes.js'
import { type RoughNetwork, startRoughNetwork } from './rough-network.js'

const rounds = Number(process.env.BARKEEP_CHAOS_ROUNDS ?? 1)
const seed = Number(process.env.BARKEEP_CHAOS_SEED ?? 20261122)
const streams = Number(process.env.BARKEEP_CHAOS_STREAMS ?? (rounds > 1 ? 180 : 60))
/** Of those that hold the server to its word, without the SDK. */
const WORDS = 20
const TICK_MS = 120
const PAUSE_MS_MAX = 500
const PROGRESS_TICKS_MAX = 10

let directory: string
let processes: Processes
let network: RoughNetwork | undefined
let ears: (StreamListener | WordListener)[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-chaos-'))
  processes = new Processes()
  ears = []
})

afterEach(async () => {
  for (const ear of ears) ear.end()
  await processes.killAll()
  network?.close()
  network = undefined
  rmSync(directory, { recursive: true, force: true })
})

const startServer = (): Promise<ServerProcess> =>
  processes.startServer({
    ...{ data: directory, port: '0', 'live.windowDates': '0', 'live.builds': 'false' },
    // Small and short, so that what bounds them is met.
    ...{ 'live.outboxBytesMax': '40000', 'live.conflateMs': '100', 'live.slowMsMax': '2000' },
    ...{ 'live.leaseMs': '1500', 'live.heartbeatMs': '500' },
  })

const blows = [
  'kill the server',
  ...['kill a publisher', 'stop a publisher', 'stop a publisher', 'let publishers go on', 'let publishers go on'],
  ...['cut all', 'cut some', 'cut some', 'slow', 'slow', 'stuck', 'stuck', 'recover', 'recover'],
] as const

test(`whatever is killed, stopped, cut or slow, ${streams + WORDS} subscribers have each bar once, in order, and what the store has`, {
  timeout: 300_000 + rounds * 60_000,
}, async () => {
  const random = createRandom(seed)
  const hearsay = new Hearsay()
  let server = await startServer()
  const rough = await startRoughNetwork(() => server.port, random)
  network = rough
  const url = `http://127.0.0.1:${rough.port}`
  const client = createClient({ url })
  const listeners = Array.from({ length: streams }, () => new StreamListener(client, date, hearsay))
  const words = Array.from({ length: WORDS }, () => new WordListener(url, hearsay, () => 20 + random() * 200))
  ears = [...listeners, ...words]
  // One that never was connected gives up, as it should.
  await Promise.all(listeners.map(({ opened }) => opened))
  const flags = { url, instruments, openMs: session.openMs, startedMs: Date.now(), tickMs: TICK_MS, takeovers: true }
  const newsroom = new Newsroom(processes, 2, flags)

  while (newsroom.told.length === 0) await pause(TICK_MS)

  let kills = 0
  for (let round = 0; round < rounds; round++) {
    const order = blows.map((blow) => ({ blow, place: random() })).sort((a, b) => a.place - b.place)
    for (const { blow } of order) {
      const desk = random() < 0.5 ? 0 : 1
      if (blow === 'kill the server') {
        await kill(server.child)
        server = await startServer()
        kills += 1
      } else if (blow === 'kill a publisher') await newsroom.replace(desk)
      else if (blow === 'stop a publisher') newsroom.signal(desk, 'SIGSTOP')
      else if (blow === 'let publishers go on') for (const each of [0, 1]) newsroom.signal(each, 'SIGCONT')
      else if (blow === 'cut all') rough.cut(1)
      else if (blow === 'cut some') rough.cut(0.3)
      else if (blow === 'recover') rough.recover()
      else rough.strike(0.2, blow)
      await pause(random() * PAUSE_MS_MAX)
      // On a machine that has much to do, blows would come faster than anything is told between them.
      const known = newsroom.told.length
      for (let left = PROGRESS_TICKS_MAX; left > 0 && newsroom.told.length === known; left--) await pause(TICK_MS)
    }
  }
  rough.recover()
  await newsroom.close()

  await reachAll(url, listeners, hearsay)
  const stored = await storedBars(url)
  checkContent(listeners, stored, hearsay)
  const messages = checkLogs(hearsay)
  checkTold(newsroom.told, stored)
  const sources = new Set(stored.map(({ source }) => source))
  console.info(
    `Seed ${seed}: the server was killed ${kills} times; ${stored.length} bars in the store, ${newsroom.told.length} messages acknowledged, ${messages} heard by words, ${sources.size} terms left bars.`,
  )
  expect(newsroom.told.length).toBeGreaterThan(0)
})

test('a publisher that was stopped amid its work and wakes up late writes nothing between the bars of the next', {
  timeout: 300_000,
}, async () => {
  const hearsay = new Hearsay()
  const { port } = await startServer()
  const url = `http://127.0.0.1:${port}`
  ears = [new WordListener(url, hearsay, () => TICK_MS)]
  const flags = { url, instruments, openMs: session.openMs, startedMs: Date.now(), tickMs: TICK_MS, takeovers: false }
  const newsroom = new Newsroom(processes, 2, flags)
  const until = async (isEnough: () => boolean) => {
    while (!isEnough()) await pause(TICK_MS)
  }
  const toldBy = (desk: number) => newsroom.told.filter(({ source }) => source.startsWith(`desk${desk + 1}.`))

  await until(() => newsroom.told.length >= 3)
  const stopped = newsroom.told.at(-1)?.source ?? ''
  const [sleeper, other] = stopped.startsWith('desk1.') ? [0, 1] : [1, 0]
  newsroom.signal(sleeper, 'SIGSTOP')
  await until(() => toldBy(other).length >= 3)
  newsroom.signal(sleeper, 'SIGCONT')
  const known = toldBy(other).length
  await until(() => toldBy(other).length >= known + 3)
  expect(toldBy(sleeper).every(({ source }) => source === stopped)).toBe(true)
  // Its turn comes again when the other one is gone, in another term.
  newsroom.signal(other, 'SIGKILL')
  await until(() => toldBy(sleeper).some(({ source }) => source !== stopped))
  const last = newsroom.told.at(-1)
  await until(() => [...hearsay.logs.values()].some((log) => [...log.values()].some((json) => isOf(json, last))))

  expect(hearsay.faults).toEqual([])
  checkLogs(hearsay)
  checkTold(newsroom.told, await storedBars(url))
})

const isOf = (json: string, told: Told | undefined) =>
  told !== undefined && json.includes(`"${told.source}"`) && json.includes(`"ts":"${told.ts}"`)
