import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const rounds = Number(process.env.BARKEEP_KILL_ROUNDS ?? 6)
const seed = Number(process.env.BARKEEP_KILL_SEED ?? 20261122)
const script = fileURLToPath(new URL('kill-server.mjs', import.meta.url))

/** Posts under way at the same moment, so that one is cut off while it waits and one while it is written. */
const POSTERS = 2
const MONTHS = 5
const ROWS_A_MONTH = 400
const BATCH_ROWS = MONTHS * ROWS_A_MONTH

let directory: string
let children: ChildProcess[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-kill-'))
  children = []
})

afterEach(async () => {
  await Promise.all(children.map(kill))
  rmSync(directory, { recursive: true, force: true })
})

function launch() {
  const child = spawn(process.execPath, [script, directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '32' },
  })
  children.push(child)
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code, complaint }))
  return { child, ended }
}

async function start(): Promise<{ child: ChildProcess; url: string }> {
  const { child, ended } = launch()
  const failed = ended.then(({ code, complaint }) => {
    throw new Error(`The server ended with ${code}: ${complaint}`)
  })
  failed.catch(() => undefined)
  const [url] = await Promise.race([once(createInterface(child.stdout), 'line'), failed])
  return { child, url }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** The keys of one batch: half of it an instrument of its own, half minutes of its own of an instrument that all share. */
function* keysOf(batch: number): Generator<[instrument: string, ts: string]> {
  const half = ROWS_A_MONTH / 2
  // A month holds the minutes of 200 batches; the next ones go to another year.
  const [year, slot] = [2000 + Math.floor(batch / 200), batch % 200]
  for (let month = 0; month < MONTHS; month++) {
    for (let row = 0; row < half; row++) {
      const ts = new Date(Date.UTC(year, month, 1, 0, slot * half + row)).toISOString().replace('.000', '')
      yield [`SIM:b${batch}`, ts]
      yield ['SIM:shared', ts]
    }
  }
}

function csvOf(batch: number): string {
  const rows = [...keysOf(batch)].map(([instrument, ts]) => `${instrument},${ts},10,11,9,10.5,${batch},,`)
  return `instrument,ts,open,high,low,close,volume,turnover,trades\n${rows.join('\n')}\n`
}

/** True when acknowledged, false when the server was gone. */
async function post(url: string, batch: number): Promise<boolean> {
  let answer: { status: number; body: string }
  try {
    const response = await fetch(`${url}/v1/bars/1m`, {
      method: 'POST',
      body: csvOf(batch),
      headers: { 'content-type': 'text/csv' },
    })
    answer = { status: response.status, body: await response.text() }
  } catch {
    return false
  }
  expect(answer.status, answer.body).toBe(201)
  return true
}

/** Every key that the server has, as often as it has it. */
async function readKeys(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/bars?interval=1m&format=ndjson&columns=instrument,ts`)
  const body = await answer.text()
  expect(answer.status, body.slice(0, 500)).toBe(200)
  const keys: string[] = []
  for (const line of body.split('\n')) {
    if (line === '') continue
    const { instrument, ts } = JSON.parse(line)
    keys.push(`${instrument} ${ts}`)
  }
  return keys
}

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

interface Kill {
  readonly afterMs: number
  /** From the first acknowledged batch on, however slow the machine is; else from the first that is posted. */
  readonly isCountedFromAcknowledged: boolean
}

/** Posts batches until the server is killed under them; returns those that were acknowledged. */
async function postUntilKilled(
  url: string,
  child: ChildProcess,
  { afterMs, isCountedFromAcknowledged }: Kill,
  take: () => number,
): Promise<number[]> {
  const acknowledged: number[] = []
  let begin = () => {}
  const killed = new Promise<void>((resolve) => {
    begin = () => void setTimeout(() => resolve(kill(child)), afterMs)
  })
  if (!isCountedFromAcknowledged) begin()
  const poster = async () => {
    for (let batch = take(); await post(url, batch); batch = take()) {
      if (acknowledged.push(batch) === 1 && isCountedFromAcknowledged) begin()
    }
  }
  await Promise.all([killed, ...Array.from({ length: POSTERS }, poster)])
  return acknowledged
}

describe('a server that is killed', () => {
  test(`keeps every acknowledged batch and no half of another, ${rounds} times`, {
    timeout: 300_000 + rounds * 15_000,
  }, async () => {
    const random = createRandom(seed)
    const batchOfKey = new Map<string, number>()
    const acknowledged = new Set<number>()
    let batches = 0
    const take = () => {
      for (const key of keysOf(batches)) batchOfKey.set(key.join(' '), batches)
      return batches++
    }
    let found: string[] = []
    let { child, url } = await start()
    for (let round = 1; round <= rounds; round++) {
      const afterMs = 50 + Math.floor(random() * 550)
      const when = { afterMs, isCountedFromAcknowledged: round % 2 === 0 }
      for (const batch of await postUntilKilled(url, child, when, take)) acknowledged.add(batch)
      ;({ child, url } = await start())
      found = await readKeys(url)

      const where = `seed ${seed}, round ${round}, killed after ${afterMs} ms`
      expect(new Set(found).size, `${where}: a key is there twice`).toBe(found.length)
      const rowsOfBatch = new Map<number | undefined, number>()
      for (const key of found) {
        const batch = batchOfKey.get(key)
        rowsOfBatch.set(batch, (rowsOfBatch.get(batch) ?? 0) + 1)
      }
      expect(rowsOfBatch.get(undefined), `${where}: a key that nobody posted`).toBeUndefined()
      const halves = [...rowsOfBatch].filter(([, rows]) => rows !== BATCH_ROWS)
      expect(halves, `${where}: batches that are there in part`).toEqual([])
      const lost = [...acknowledged].filter((batch) => !rowsOfBatch.has(batch))
      expect(lost, `${where}: acknowledged batches that are lost`).toEqual([])
    }
    console.info(
      `Killed ${rounds} times: ${batches * BATCH_ROWS} rows posted, ${acknowledged.size * BATCH_ROWS} acknowledged, ${found.length} found.`,
    )
    expect(acknowledged.size).toBeGreaterThan(0)
  })

  test('leaves a data directory that the next one may take, and only one at a time', async () => {
    const first = await start()
    const second = await launch().ended
    expect(second.code).toBe(1)
    expect(second.complaint).toContain('STORE_LOCKED')
    expect(second.complaint).toContain(first.url)
    expect(await readKeys(first.url)).toEqual([])
    await kill(first.child)
    const third = await start()
    expect(await readKeys(third.url)).toEqual([])
  })
})
