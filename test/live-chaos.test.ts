import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@barkeep/client'
import type { LiveBar, LiveDone, LiveMessage } from '@barkeep/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Hearsay, StreamListener, WordListener } from './chaos-listeners.js'
import { barAt } from './live-rig.js'
import { type RoughNetwork, startRoughNetwork } from './rough-network.js'

const rounds = Number(process.env.BARKEEP_CHAOS_ROUNDS ?? 1)
const seed = Number(process.env.BARKEEP_CHAOS_SEED ?? 20261122)
const streams = Number(process.env.BARKEEP_CHAOS_STREAMS ?? (rounds > 1 ? 180 : 60))
/** Of those that hold the server to its word, without the SDK. */
const WORDS = 20
const TICK_MS = 120
const PAUSE_MS_MAX = 500
const PROGRESS_TICKS_MAX = 10
const date = '2026-11-20'
const session = { date, openMs: Date.parse(`${date}T01:00:00Z`), closeMs: 0 }
const instruments = Array.from({ length: 10 }, (_, index) => `SIM:${1_001 + index}`)

const numbers = ['open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const
const columns = ['instrument', 'ts', ...numbers, 'final', 'source', 'known_at'] as const

const serverScript = fileURLToPath(new URL('worker-process.mjs', import.meta.url))
const publisherScript = fileURLToPath(new URL('chaos-publisher.mjs', import.meta.url))

let directory: string
let children: ChildProcess[]
let network: RoughNetwork | undefined
let ears: (StreamListener | WordListener)[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-chaos-'))
  children = []
  ears = []
})

afterEach(async () => {
  for (const ear of ears) ear.end()
  await Promise.all(children.map(kill))
  network?.close()
  network = undefined
  rmSync(directory, { recursive: true, force: true })
})

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function createRandom(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function spawnScript(script: string, ...given: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
  })
  children.push(child)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function startServer(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const flags = {
    ...{ data: directory, port: '0', 'live.windowDates': '0', 'live.builds': 'false' },
    // Small and short, so that what bounds them is met.
    ...{ 'live.outboxBytesMax': '40000', 'live.conflateMs': '100', 'live.slowMsMax': '2000' },
    ...{ 'live.leaseMs': '1500', 'live.heartbeatMs': '500' },
  }
  const child = spawnScript(serverScript, 'serve', JSON.stringify(flags))
  if (child.stdout === null) throw new Error('its output is a pipe')
  const [url] = await once(createInterface(child.stdout), 'line')
  return { child, port: Number(new URL(url).port) }
}

interface Told {
  readonly source: string
  readonly ts: string
  readonly version: number
}

/** Publishers as processes; what they were acknowledged is noted. */
class Newsroom {
  readonly told: Told[] = []
  readonly #flags: object
  readonly #desks: (ChildProcess | undefined)[]
  #started = 0

  constructor(count: number, flags: object) {
    this.#flags = flags
    this.#desks = Array.from({ length: count }, () => this.#start())
  }

  signal(desk: number, name: NodeJS.Signals): void {
    this.#desks[desk]?.kill(name)
  }

  async replace(desk: number): Promise<void> {
    const child = this.#desks[desk]
    if (child !== undefined) await kill(child)
    this.#desks[desk] = this.#start()
  }

  async close(): Promise<void> {
    for (const child of this.#desks) {
      if (child === undefined) continue
      const ended = once(child, 'close')
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      expect((await ended)[0]).toBe(0)
    }
  }

  #start(): ChildProcess {
    this.#started += 1
    const flags = { ...this.#flags, name: `desk${this.#started}` }
    const child = spawnScript(publisherScript, JSON.stringify(flags))
    if (child.stdout === null) throw new Error('its output is a pipe')
    createInterface(child.stdout).on('line', (line) => this.told.push(JSON.parse(line)))
    return child
  }
}

const blows = [
  'kill the server',
  ...['kill a publisher', 'stop a publisher', 'stop a publisher', 'let publishers go on', 'let publishers go on'],
  ...['cut all', 'cut some', 'cut some', 'slow', 'slow', 'stuck', 'stuck', 'recover', 'recover'],
] as const

test(`whatever is killed, stopped, cut or slow, ${streams + WORDS} subscribers have each bar once, in order, and what the store has`, {
  timeout: 120_000 + rounds * 60_000,
}, async () => {
  const random = createRandom(seed)
  const hearsay = new Hearsay()
  let server = await startServer()
  const rough = await startRoughNetwork(server.port, random)
  network = rough
  const url = `http://127.0.0.1:${rough.port}`
  const client = createClient({ url })
  const listeners = Array.from({ length: streams }, () => new StreamListener(client, date, hearsay))
  const words = Array.from({ length: WORDS }, () => new WordListener(url, hearsay, () => 20 + random() * 200))
  ears = [...listeners, ...words]
  // One that never was connected gives up, as it should.
  await Promise.all(listeners.map(({ opened }) => opened))
  const flags = { url, instruments, openMs: session.openMs, startedMs: Date.now(), tickMs: TICK_MS, takeovers: true }
  const newsroom = new Newsroom(2, flags)

  while (newsroom.told.length === 0) await pause(TICK_MS)

  let kills = 0
  for (let round = 0; round < rounds; round++) {
    const order = blows.map((blow) => ({ blow, place: random() })).sort((a, b) => a.place - b.place)
    for (const { blow } of order) {
      const desk = random() < 0.5 ? 0 : 1
      if (blow === 'kill the server') {
        await kill(server.child)
        server = await startServer()
        rough.moveTo(server.port)
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

  // Who loads at this moment has the last bar out of the store, and its place in the log with the next.
  const last = await createClient({ url }).publish('kmin', { takeover: true, source: 'last' })
  let minute = 0
  const say = () => last.send([barAt(session, 'LAST', minute++)])
  const first = await say()
  let reached = 0
  for (const listener of listeners) {
    void listener.reached(first).then(() => {
      reached += 1
    })
  }
  while (reached < streams) {
    expect(hearsay.faults).toEqual([])
    await pause(TICK_MS)
    await say()
  }
  const end = await say()
  await Promise.all(listeners.map((listener) => listener.reached(end)))
  await last.close()

  expect(hearsay.faults).toEqual([])
  const options = {
    interval: '1m',
    start: date,
    columns: [...columns],
    limit: 10_000,
  } as const
  const stored = await client.bars(undefined, options).toArray()
  for (const bar of stored) hearsay.version(bar)
  const content = new Map(stored.map((bar) => [keyOf(bar), bar.known_at]))
  expect(content.size).toBe(stored.length)
  for (const listener of listeners) expect(listener.content).toEqual(content)
  expect(hearsay.faults).toEqual([])
  const messages = checkLogs(hearsay)
  checkTold(newsroom.told, stored)
  const sources = new Set(stored.map(({ source }) => source))
  console.info(
    `Seed ${seed}: the server was killed ${kills} times; ${stored.length} bars in the store, ${newsroom.told.length} messages acknowledged, ${messages} heard by words, ${sources.size} terms left bars.`,
  )
  expect(newsroom.told.length).toBeGreaterThan(0)
})

test('a publisher that was stopped amid its work and wakes up late writes nothing between the bars of the next', {
  timeout: 120_000,
}, async () => {
  const hearsay = new Hearsay()
  const { port } = await startServer()
  const url = `http://127.0.0.1:${port}`
  ears = [new WordListener(url, hearsay, () => TICK_MS)]
  const flags = { url, instruments, openMs: session.openMs, startedMs: Date.now(), tickMs: TICK_MS, takeovers: false }
  const newsroom = new Newsroom(2, flags)
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
  const stored = await createClient({ url })
    .bars(undefined, { interval: '1m', start: date, columns: [...columns], limit: 10_000 })
    .toArray()
  checkTold(newsroom.told, stored)
})

const isOf = (json: string, told: Told | undefined) =>
  told !== undefined && json.includes(`"${told.source}"`) && json.includes(`"ts":"${told.ts}"`)

const keyOf = ({ instrument, ts }: Pick<LiveBar, 'instrument' | 'ts'>) => `${instrument} ${ts}`

/** Bars of a log stand in the order of their commits, and each term of a publisher is one stretch of it. */
function checkLogs({ logs }: Hearsay): number {
  let messages = 0
  for (const log of logs.values()) {
    let knownAt = ''
    const sources: string[] = []
    for (const [, json] of [...log].sort(([a], [b]) => a - b)) {
      messages += 1
      const message: LiveMessage | LiveDone = JSON.parse(json)
      if (!('bars' in message)) continue
      for (const bar of message.bars) {
        expect(bar.known_at >= knownAt).toBe(true)
        knownAt = bar.known_at
        if (sources.at(-1) !== bar.source) sources.push(bar.source)
      }
    }
    expect(sources).toEqual([...new Set(sources)])
  }
  return messages
}

/** What was acknowledged is in the store, unless the same publisher told it later, or another did. */
function checkTold(told: readonly Told[], stored: readonly LiveBar[]): void {
  const content = new Map(stored.map((bar) => [keyOf(bar), bar]))
  for (const { source, ts, version } of told) {
    for (const instrument of instruments) {
      const bar = content.get(keyOf({ instrument, ts }))
      expect(bar, `${source} told ${instrument} at ${ts}`).toBeDefined()
      if (bar?.source === source) expect(bar.volume).toBeGreaterThanOrEqual(version)
    }
  }
}
