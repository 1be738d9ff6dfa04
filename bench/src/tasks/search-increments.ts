import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { applyChanges, patched, type SearchHead, type SearchHit } from '@barkeep/core'
import { ChangeLog, searchBody } from '@barkeep/server'
import jsonPatch from 'fast-json-patch'
import type { Task } from '../child.js'
import { lateNews, searchHits } from '../search-hits.js'
import { seedDiff } from '../seed-diff.js'

export interface IncrementsInput {
  /** Records there are before, that come, and that change. */
  readonly records: number
  readonly comes: number
  readonly changes: number
  readonly rounds: number
  /** The log alone, or the two ways that compare snapshots. */
  readonly ways: 'log' | 'comparing'
}

export interface WayTimes {
  readonly way: string
  readonly bytes: number
  /** Of each round, ascending: by the clock, and of the processor. */
  readonly ms: readonly number[]
  readonly cpuMs: readonly number[]
}

/** Searches as a server tells them beside their hits. */
const head: SearchHead = {
  ...{ uuid: '4f3c0d1e-0000-4000-8000-000000000000', epoch: '4f3c0d1e', query: '台灣', version: 2 },
  ...{ running: true, remains: ['yahoo'], errors: [] },
}

/** Makes and packs the same increment in several ways, one after the other in each round. */
export const task: Task<IncrementsInput, readonly WayTimes[]> = async ({ records, comes, changes, rounds, ways }) => {
  const old = searchHits(1, records)
  const come = searchHits(records + 1, comes)
  const step = Math.max(1, Math.floor(records / Math.max(1, changes)))
  const changed = Array.from({ length: changes }, (_, index) => index * step)
  const now: SearchHit[] = old.concat(come)
  for (const index of changed) {
    const hit = old[index]
    if (hit !== undefined) now[index] = patched(hit, lateNews(hit))
  }
  const base = () => {
    const log = new ChangeLog<SearchHit, SearchHead>(head, 100)
    for (const hit of old) log.insert(hit)
    log.publish(head)
    return log
  }
  const takeIn = (log: ChangeLog<SearchHit, SearchHead>) => {
    for (const hit of come) log.insert(hit)
    for (const index of changed) {
      const hit = old[index]
      if (hit !== undefined) log.update(index, lateNews(hit))
    }
    log.publish(head)
  }
  const log = base()
  takeIn(log)
  const increment = log.since(2)
  if (increment === undefined || !isSame(applyChanges(old, increment), now)) throw new Error('the log is wrong')
  if (!isSame(applyChanges(old, seedDiff(now, old)), now)) throw new Error("the seed's way is wrong")
  const fromLog = () => {
    const told = log.jsonSince(2)
    if (told === undefined) throw new Error('the log is too short')
    return searchBody('hits', head, 2, told)
  }
  const fromSeed = () => Buffer.from(JSON.stringify({ ...head, from: 2, hits_diff: seedDiff(now, old) }))
  const fromPatch = () => Buffer.from(JSON.stringify({ ...head, from: 2, patch: jsonPatch.compare(old, now) }))
  // As the server packs bodies: encoded-bodies.ts.
  const chunkSize = 65_536
  const gzip = (body: Buffer) => gzipSync(body, { level: 1, chunkSize })
  const brotli = (body: Buffer) =>
    brotliCompressSync(body, { chunkSize, params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
  const makes: Record<IncrementsInput['ways'], [string, () => Buffer][]> = {
    log: [
      ['change log', fromLog],
      ['change log, gzip', () => gzip(fromLog())],
      ['change log, brotli', () => brotli(fromLog())],
    ],
    comparing: [
      ["the seed's way", fromSeed],
      ["the seed's way, gzip", () => gzip(fromSeed())],
      ['fast-json-patch', fromPatch],
      ['fast-json-patch, gzip', () => gzip(fromPatch())],
    ],
  }
  const times = makes[ways].map(([way, make]) => ({ way, make, bytes: make().byteLength, meter: createMeter() }))
  const taking = createMeter()
  for (let round = 0; round < WARM_ROUNDS; round++) for (const { make } of times) make()
  for (let round = 0; round < rounds; round++) for (const { make, meter } of times) meter.time(make)
  // Each needs a log of its own, so there are fewer of them; behind the others, which would collect their garbage.
  for (let round = 0; ways === 'log' && round < rounds / ROUNDS_PER_TAKING; round++) {
    const fresh = base()
    taking.time(() => takeIn(fresh))
  }
  const told = times.map(({ way, bytes, meter }) => ({ way, bytes, ...meter.times() }))
  return ways === 'log' ? [{ way: 'taking the changes in', bytes: 0, ...taking.times() }, ...told] : told
}

const ROUNDS_PER_TAKING = 50
/** A server that runs has made increments before. */
const WARM_ROUNDS = 20
const MICROSECONDS_PER_MS = 1_000

function createMeter() {
  const ms: number[] = []
  const cpuMs: number[] = []
  return {
    time(work: () => unknown) {
      const before = process.cpuUsage()
      const startMs = performance.now()
      work()
      ms.push(performance.now() - startMs)
      const { user, system } = process.cpuUsage(before)
      cpuMs.push((user + system) / MICROSECONDS_PER_MS)
    },
    times: () => ({ ms: ms.sort((a, b) => a - b), cpuMs: cpuMs.sort((a, b) => a - b) }),
  }
}

function isSame(a: readonly SearchHit[], b: readonly SearchHit[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

export const searchIncrements = { file: 'search-increments', task }
