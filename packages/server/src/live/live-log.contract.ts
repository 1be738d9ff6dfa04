import type { LivePosition, Topic } from '@barkeep/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LiveLog, LogBounds, LogRecord } from './live-log.js'
import type { LeaseEvent, LeaseState, PublisherLease } from './publisher-lease.js'
import { leaseTransitions } from './publisher-lease.js'

/** A term of the leases in a rig, milliseconds. */
export const rigLeaseMs = 10_000

export interface LiveRig {
  readonly log: LiveLog
  readonly lease: PublisherLease
  /** Lets time pass. */
  advance(ms: number): Promise<void>
  /** Another process with the same log and leases; undefined where they are of one process. */
  another?(): Promise<{ readonly log: LiveLog; readonly lease: PublisherLease }>
  close(): Promise<void>
}

const bounds: LogBounds = { messagesMax: 100, bytesMax: 100_000 }
const entry = (body: string) => ({ kind: 'bars', body }) as const
const bodies = (records: readonly LogRecord[] | 'gone') =>
  records === 'gone' ? 'gone' : records.map(({ body }) => body)

/** What every log and every lease does. */
export function liveLogContract(name: string, open: (bounds: LogBounds) => Promise<LiveRig>): void {
  describe(name, () => {
    let rig: LiveRig

    beforeEach(async () => {
      rig = await open(bounds)
    })
    afterEach(() => rig.close())

    /** Everything of a topic that a process hears, and a way to wait for it. */
    const follow = async (log: LiveLog, topic: Topic) => {
      const heard: LogRecord[] = []
      const restarts: LivePosition[] = []
      let check = () => {}
      const starts = await log.follow({
        appended(appendedTopic, records) {
          if (appendedTopic === topic) heard.push(...records)
          check()
        },
        restarted(restartedTopic, position) {
          if (restartedTopic === topic) restarts.push(position)
          check()
        },
      })
      const until = (isEnough: () => boolean) =>
        new Promise<void>((resolve) => {
          check = () => isEnough() && resolve()
          check()
        })
      return { start: starts[topic], heard, restarts, until }
    }

    describe('the log', () => {
      test('entries get one place behind the other, and followers hear them in that order', async () => {
        const { start, heard, until } = await follow(rig.log, 'kmin')
        await rig.log.append('kmin', [entry('a'), entry('b')])
        await rig.log.append('khour', [entry('x')])
        const last = await rig.log.append('kmin', [{ kind: 'done', body: 'c' }])
        await until(() => heard.length === 3)
        expect(heard.map(({ seq, kind, body }) => [seq - start.seq, kind, body])).toEqual([
          [1, 'bars', 'a'],
          [2, 'bars', 'b'],
          [3, 'done', 'c'],
        ])
        expect(last).toEqual({ epoch: start.epoch, seq: start.seq + 3 })
        expect(new Set(heard.map(({ epoch }) => epoch))).toEqual(new Set([start.epoch]))
      })

      test('nothing to append gives the end', async () => {
        const { start } = await follow(rig.log, 'kday')
        expect(await rig.log.append('kday', [])).toEqual(start)
      })

      test('what follows a place is given, in pages, and nothing at the end', async () => {
        const { start } = await follow(rig.log, 'kmin')
        const wide = 'w'.repeat(1_000)
        await rig.log.append('kmin', ['a', 'b', wide, 'd'].map(entry))
        const after = (by: number) => ({ ...start, seq: start.seq + by })
        expect(bodies(await rig.log.since('kmin', start, 100_000))).toEqual(['a', 'b', wide, 'd'])
        expect(bodies(await rig.log.since('kmin', after(3), 100_000))).toEqual(['d'])
        expect(bodies(await rig.log.since('kmin', after(4), 100_000))).toEqual([])
        const page = bodies(await rig.log.since('kmin', after(2), 1))
        expect(page).toEqual([wide])
      })

      test('a place of another log, before its beginning or behind its end is gone', async () => {
        const { start } = await follow(rig.log, 'kmin')
        await rig.log.append('kmin', [entry('a')])
        expect(await rig.log.since('kmin', { epoch: 'another', seq: start.seq }, 1_000)).toBe('gone')
        expect(await rig.log.since('kmin', { ...start, seq: start.seq + 2 }, 1_000)).toBe('gone')
        for (let count = 0; count < 110; count++) await rig.log.append('kmin', [entry(String(count))])
        expect(await rig.log.since('kmin', { ...start, seq: start.seq + 10 }, 1_000)).toBe('gone')
        const oldest = { ...start, seq: start.seq + 11 }
        expect(bodies(await rig.log.since('kmin', oldest, 1_000_000))).toHaveLength(bounds.messagesMax)
      })

      test('it holds no more bytes than it may', async () => {
        const { start } = await follow(rig.log, 'kmin')
        const wide = 'w'.repeat(30_000)
        for (let count = 0; count < 5; count++) await rig.log.append('kmin', [entry(wide)])
        expect(await rig.log.since('kmin', { ...start, seq: start.seq + 1 }, 1_000_000)).toBe('gone')
        expect(await rig.log.since('kmin', { ...start, seq: start.seq + 2 }, 1_000_000)).toHaveLength(3)
        expect(await rig.log.size('kmin')).toEqual({ messages: 3, bytes: 90_000 })
        expect(await rig.log.size('khour')).toEqual({ messages: 0, bytes: 0 })
      })

      test('a fence lets only the last term pass, also when that has lapsed', async () => {
        const { start } = await follow(rig.log, 'kmin')
        const old = await rig.lease.acquire('kmin')
        await rig.log.append('kmin', [entry('a')], old.token)
        await rig.advance(rigLeaseMs)
        await rig.log.append('kmin', [entry('b')], old.token)
        const current = await rig.lease.acquire('kmin')
        await expect(rig.log.append('kmin', [entry('c')], old.token)).rejects.toMatchObject({ code: 'LEASE_LOST' })
        await rig.log.append('kmin', [entry('d')], current.token)
        await rig.lease.release('kmin', current.token)
        await expect(rig.log.append('kmin', [entry('e')], current.token)).rejects.toMatchObject({ code: 'LEASE_LOST' })
        await rig.log.append('kmin', [entry('f')])
        expect(bodies(await rig.log.since('kmin', start, 1_000))).toEqual(['a', 'b', 'd', 'f'])
      })

      test('all processes see one order', async ({ skip }) => {
        if (rig.another === undefined) return skip('this log is of one process')
        const other = await rig.another()
        const [here, there] = [await follow(rig.log, 'kmin'), await follow(other.log, 'kmin')]
        expect(here.start).toEqual(there.start)
        const appends = ['a', 'b', 'c', 'd'].flatMap((letter) => [
          rig.log.append('kmin', [entry(letter)]),
          other.log.append('kmin', [entry(letter.toUpperCase())]),
        ])
        await Promise.all(appends)
        await Promise.all([here.until(() => here.heard.length === 8), there.until(() => there.heard.length === 8)])
        expect(here.heard).toEqual(there.heard)
        expect(bodies(here.heard).toString().toLowerCase().split(',').sort().join('')).toBe('aabbccdd')
      })
    })

    describe('the lease', () => {
      /** Brings the lease of a topic into a state. Gives the token of the last term. */
      const bring = async (topic: Topic, state: LeaseState): Promise<number> => {
        const { token } = await rig.lease.acquire(topic)
        if (state === 'free') await rig.lease.release(topic, token)
        if (state === 'lapsed') await rig.lease.leave(topic, token)
        return token
      }
      const pass = async (topic: Topic, event: LeaseEvent, token: number): Promise<unknown> => {
        if (event === 'acquire') return rig.lease.acquire(topic)
        if (event === 'takeover') return rig.lease.acquire(topic, { takeover: true })
        if (event === 'renew') return rig.lease.renew(topic, token)
        if (event === 'expire') return rig.advance(rigLeaseMs)
        return rig.lease[event](topic, token)
      }
      const refusals: Partial<Record<LeaseState, Partial<Record<LeaseEvent, string>>>> = {
        held: { acquire: 'LEASE_HELD' },
        free: { renew: 'LEASE_LOST' },
      }
      /** The state as others see it: the fence of the log lets the last term of what is not free pass. */
      const stateOf = async (topic: Topic, token: number): Promise<LeaseState> => {
        const isFree = await rig.log.append(topic, [entry('x')], token).then(
          () => false,
          () => true,
        )
        const isHeld = await rig.lease.acquire(topic).then(
          () => false,
          () => true,
        )
        return isHeld ? 'held' : isFree ? 'free' : 'lapsed'
      }

      const states = Object.keys(leaseTransitions) as LeaseState[] // the keys of the table
      const events = Object.keys(leaseTransitions.free) as LeaseEvent[] // the same in each row
      for (const state of states) {
        for (const event of events) {
          const next = leaseTransitions[state][event]
          test(`${event} of what is ${state} leaves it ${next}`, async () => {
            let token = await bring('kmin', state)
            const refusal = refusals[state]?.[event]
            const passing = pass('kmin', event, token)
            if (refusal !== undefined) await expect(passing).rejects.toMatchObject({ code: refusal })
            else {
              const term = await passing
              if (typeof term === 'object' && term !== null && 'token' in term) token = Number(term.token)
            }
            expect(await stateOf('kmin', token)).toBe(next)
          })
        }
      }

      test('tokens only grow', async () => {
        const tokens: number[] = []
        for (let count = 0; count < 3; count++) {
          const { token } = await rig.lease.acquire('kmin', { takeover: true })
          tokens.push(token)
          await rig.lease.release('kmin', token)
        }
        expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b))
      })

      test('a term ends when its time is over, and each renewal begins that anew', async () => {
        const { token } = await rig.lease.acquire('kmin')
        await rig.advance(rigLeaseMs - 1)
        await rig.lease.renew('kmin', token)
        await rig.advance(rigLeaseMs - 1)
        await expect(rig.lease.acquire('kmin')).rejects.toMatchObject({ code: 'LEASE_HELD', retry: { afterMs: 1 } })
        await rig.advance(1)
        expect((await rig.lease.acquire('kmin')).token).toBeGreaterThan(token)
        await expect(rig.lease.renew('kmin', token)).rejects.toMatchObject({ code: 'LEASE_LOST' })
      })

      test('who has lost a term can end no other', async () => {
        const old = await rig.lease.acquire('kmin')
        const current = await rig.lease.acquire('kmin', { takeover: true })
        await rig.lease.release('kmin', old.token)
        await rig.lease.leave('kmin', old.token)
        await expect(rig.lease.acquire('kmin')).rejects.toMatchObject({ code: 'LEASE_HELD' })
        expect((await rig.lease.renew('kmin', current.token)).token).toBe(current.token)
      })

      test('topics have leases of their own', async () => {
        await rig.lease.acquire('kmin')
        await rig.lease.acquire('khour')
        await expect(rig.lease.acquire('kmin')).rejects.toMatchObject({ code: 'LEASE_HELD' })
      })
    })
  })
}
