import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@barkeep/client'
import type { LiveBar, LiveDone, LiveMessage } from '@barkeep/core'
import { expect } from 'vitest'
import type { Hearsay, StreamListener } from './chaos-listeners.js'
import type { Told } from './chaos-processes.js'
import { barAt } from './live-rig.js'

/** The session whose minutes the publishers tell. */
export const date = '2026-11-20'
export const session = { date, openMs: Date.parse(`${date}T01:00:00Z`), closeMs: 0 }
export const instruments = Array.from({ length: 10 }, (_, index) => `SIM:${1_001 + index}`)

const numbers = ['open', 'high', 'low', 'close', 'volume', 'turnover', 'trades'] as const
const columns = ['instrument', 'ts', ...numbers, 'final', 'source', 'known_at'] as const
const LOOK_MS = 100

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function createRandom(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Publishes more, until all have heard of it. Whoever has been given this, was given everything before. */
export async function reachAll(url: string, listeners: readonly StreamListener[], hearsay: Hearsay): Promise<void> {
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
  while (reached < listeners.length) {
    expect(hearsay.faults).toEqual([])
    await pause(LOOK_MS)
    await say()
  }
  await say()
  await last.close()
  // Not the place of that answer: it may be that of a mark which was told before, and streams give no mark twice.
  const end = keyOf(barAt(session, 'LAST', minute - 1))
  while (!listeners.every(({ content }) => content.has(end))) {
    expect(hearsay.faults).toEqual([])
    await pause(LOOK_MS)
  }
  expect(hearsay.faults).toEqual([])
}

/** What the store has of the session. */
export function storedBars(url: string): Promise<readonly LiveBar[]> {
  const options = { interval: '1m', start: date, columns: [...columns], limit: 10_000 } as const
  return createClient({ url }).bars(undefined, options).toArray()
}

/** Everybody was given each bar of the store, in its last version, and nothing else. */
export function checkContent(listeners: readonly StreamListener[], stored: readonly LiveBar[], hearsay: Hearsay): void {
  for (const bar of stored) hearsay.version(bar)
  const content = new Map(stored.map((bar) => [keyOf(bar), bar.known_at]))
  expect(content.size).toBe(stored.length)
  for (const listener of listeners) expect(listener.content).toEqual(content)
  expect(hearsay.faults).toEqual([])
}

/** Bars of a log stand in the order of their commits, and each term of a publisher is one stretch of it. Counts messages. */
export function checkLogs({ logs }: Hearsay): number {
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
export function checkTold(told: readonly Told[], stored: readonly LiveBar[]): void {
  const content = new Map(stored.map((bar) => [keyOf(bar), bar]))
  for (const { source, ts, version } of told) {
    for (const instrument of instruments) {
      const bar = content.get(keyOf({ instrument, ts }))
      expect(bar, `${source} told ${instrument} at ${ts}`).toBeDefined()
      if (bar?.source === source) expect(bar.volume).toBeGreaterThanOrEqual(version)
    }
  }
}

const keyOf = ({ instrument, ts }: Pick<LiveBar, 'instrument' | 'ts'>) => `${instrument} ${ts}`
