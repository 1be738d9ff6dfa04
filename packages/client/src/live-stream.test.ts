import { BarkeepError, type LiveBar } from '@barkeep/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { abortOnReturn } from './link-abort.js'
import { streamTopic } from './live-stream.js'
import { keyOf, LiveWorld, startOf } from './live-world.contract.js'
import type { StreamMessage, StreamOptions, StreamState } from './stream-message.js'

const names = ['SIM:1', 'SIM:2', 'SIM:3']

/** A loop over a stream that takes a message only when it is let. */
function follow(world: LiveWorld, options: StreamOptions = {}, instruments?: readonly string[], retriesMax = 9) {
  const given: StreamMessage[] = []
  const states: StreamState[] = []
  let error: unknown
  let isOver = false
  let mayTake = Number.POSITIVE_INFINITY
  let wake = () => {}
  const parts = { ...world, retriesMax, random: () => 0, now: () => Date.parse('2026-11-20T02:00:00Z') }
  const onState = (state: StreamState) => void states.push(state)
  const stream = abortOnReturn(options.signal, async function* (signal) {
    yield* streamTopic(parts, 'kmin', instruments, { onState, ...options, signal })
  })
  const loop = async () => {
    try {
      for (;;) {
        while (mayTake <= 0) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        const next = await stream.next()
        if (next.done) return
        mayTake -= 1
        given.push(next.value)
      }
    } catch (caught) {
      error = caught
    } finally {
      isOver = true
    }
  }
  void loop()
  return {
    given,
    states,
    stream,
    get error() {
      return error
    },
    get isOver() {
      return isOver
    },
    let(count: number) {
      mayTake = count
      wake()
    },
  }
}

async function settle(world: LiveWorld): Promise<void> {
  for (let step = 0; step < 60; step++) await world.step()
}

const barsIn = (given: readonly StreamMessage[]) => given.flatMap((message) => ('bars' in message ? message.bars : []))

const some = fc.subarray(names, { minLength: 1 })
const minute = fc.nat(5)
const commands = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('commit' as const), minute, some }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('post' as const), minute, some }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('done' as const), minute }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('step' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('let' as const), count: fc.nat(4) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('notify', 'cut', 'slowDown', 'tellGap', 'repeat', 'restart', 'down', 'up'),
      }),
    },
    fc.record({ kind: fc.constant('refuse' as const), times: fc.nat(3) }),
  ),
  { maxLength: 60 },
)
type Command = (typeof commands extends fc.Arbitrary<infer Value> ? Value : never)[number]

async function carryOut(world: LiveWorld, loop: ReturnType<typeof follow>, script: readonly Command[]): Promise<void> {
  for (const command of script) {
    if ('some' in command) world.commit(command.minute, command.some, command.kind === 'post' ? 'later' : 'now')
    else if ('minute' in command) world.done(command.minute)
    else if ('count' in command) loop.let(command.count)
    else if ('times' in command) world.refuse(command.times)
    else if (command.kind === 'step') await world.step()
    else if (command.kind === 'up') world.isUp = true
    else if (command.kind === 'down') {
      world.cut()
      world.isUp = false
    } else world[command.kind as 'notify' | 'cut' | 'slowDown' | 'tellGap' | 'repeat' | 'restart']()
  }
  loop.let(Number.POSITIVE_INFINITY)
  world.isUp = true
  world.notify()
  world.tellGap()
  await settle(world)
}

/** What must hold of everything that was given, whatever happened. */
function checkLaws(world: LiveWorld, given: readonly StreamMessage[]): void {
  const last = new Map<string, LiveBar>()
  const places = new Map<string, number>()
  let doneTs = ''
  for (const message of given) {
    if (message.position !== null) {
      const { epoch, seq } = message.position
      const before = places.get(epoch) ?? 0
      // One message of the log can be two here: its news, then its corrections.
      expect(seq).toBeGreaterThanOrEqual(before)
      places.set(epoch, seq)
    }
    if (message.kind === 'done') {
      expect(message.ts > doneTs).toBe(true)
      doneTs = message.ts
      continue
    }
    for (const bar of message.bars) {
      const before = last.get(keyOf(bar))
      expect(before === undefined || before.known_at < bar.known_at).toBe(true)
      expect(message.kind).toBe(before === undefined ? 'bars' : 'corrections')
      expect(world.versions.get(keyOf(bar))).toContainEqual(bar)
      last.set(keyOf(bar), bar)
    }
  }
}

describe('whatever is cut, restarted, refused, repeated or slow', () => {
  test('a stream with history ends with what the store has, and gives each version once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        commands,
        fc.constantFrom(1, 3, 100_000),
        fc.constantFrom(2, Number.POSITIVE_INFINITY),
        fc.option(some, { nil: undefined }),
        async (script, bufferBarsMax, recordsMax, instruments) => {
          const world = new LiveWorld(recordsMax)
          world.commit(0, names)
          world.commit(1, names)
          const loop = follow(world, { since: '2026-11-20', bufferBarsMax }, instruments, Number.POSITIVE_INFINITY)
          await carryOut(world, loop, script)
          checkLaws(world, loop.given)
          const wanted = [...world.content].filter(([, bar]) => instruments?.includes(bar.instrument) ?? true)
          const final = new Map(barsIn(loop.given).map((bar) => [keyOf(bar), bar]))
          expect(final).toEqual(new Map(wanted))
          expect(loop.error).toBeUndefined()
          await loop.stream.return?.()
          expect(world.connections).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('while the log is whole, a stream from now on gives every version that is broadcast, in the order of the log', async () => {
    await fc.assert(
      fc.asyncProperty(commands, fc.constantFrom(1, 3, 100_000), async (script, bufferBarsMax) => {
        const world = new LiveWorld()
        world.commit(0, names)
        const loop = follow(world, { bufferBarsMax })
        await settle(world)
        const before = world.broadcast.length
        await carryOut(
          world,
          loop,
          script.filter(({ kind }) => kind !== 'restart'),
        )
        checkLaws(world, loop.given)
        expect(loop.given.every(({ position }) => position !== null)).toBe(true)
        // Of a bar that was told late, an older version follows a newer one: nobody needs it any more.
        const newest = new Map<string, string>()
        const expected = world.broadcast.slice(before).filter((bar) => {
          if (bar.known_at <= (newest.get(keyOf(bar)) ?? '')) return false
          newest.set(keyOf(bar), bar.known_at)
          return true
        })
        const byBar = (bars: readonly LiveBar[]) => bars.map((bar) => `${keyOf(bar)} ${bar.known_at}`)
        expect(byBar(barsIn(loop.given)).sort()).toEqual(byBar(expected).sort())
        await loop.stream.return?.()
      }),
      { numRuns: 200 },
    )
  })
})

test('what is committed while history is on its way comes once, after it', async () => {
  const world = new LiveWorld()
  world.commit(0, names)
  world.commit(1, names)
  const { given } = follow(world, { since: startOf(0) })
  await world.step() // connected, subscribed, and the first page asked for
  world.commit(1, ['SIM:3'])
  world.commit(2, ['SIM:1'])
  await settle(world)
  expect(given.map(({ kind, position, ts }) => [kind, position?.seq ?? null, ts])).toEqual([
    ['bars', null, startOf(1)],
    ['bars', null, startOf(1)],
    ['bars', 4, startOf(2)],
  ])
  expect(barsIn(given).filter(({ instrument }) => instrument === 'SIM:3')).toHaveLength(2)
})

test('a correction comes as a message of its own, unless it is not wanted', async () => {
  const world = new LiveWorld()
  const all = follow(world)
  const without = follow(world, { corrections: false })
  await settle(world)
  world.commit(0, ['SIM:1'])
  world.commit(0, ['SIM:1', 'SIM:2'])
  await settle(world)
  expect(all.given.map(({ kind }) => kind)).toEqual(['bars', 'bars', 'corrections'])
  expect(without.given.map(({ kind }) => kind)).toEqual(['bars', 'bars'])
})

test('a bar that is building up comes only when asked for, and its end is no correction', async () => {
  const world = new LiveWorld()
  const final = follow(world)
  const all = follow(world, { final: false })
  await settle(world)
  world.commit(0, ['SIM:1'], 'now', false)
  world.commit(0, ['SIM:1'], 'now', false)
  world.commit(0, ['SIM:1'], 'now', true)
  await settle(world)
  expect(final.given).toHaveLength(1)
  expect(all.given.map(({ kind }) => kind)).toEqual(['bars', 'bars', 'bars'])
})

test('more than may wait for the loop hangs up, and nothing is lost', async () => {
  const world = new LiveWorld()
  const loop = follow(world, { bufferBarsMax: 4 })
  await settle(world)
  loop.let(0)
  for (let minutes = 0; minutes < 20; minutes++) world.commit(minutes, names)
  await settle(world)
  expect(world.connections).toBe(0)
  loop.let(Number.POSITIVE_INFINITY)
  await settle(world)
  expect(barsIn(loop.given)).toHaveLength(60)
  expect(world.connections).toBe(1)
})

test('a stream from now on loads what it missed over a restart, and nothing older', async () => {
  const world = new LiveWorld()
  world.isUp = true
  const loop = follow(world)
  await settle(world)
  world.commit(3, ['SIM:1'])
  await settle(world)
  world.cut()
  world.isUp = false
  world.commit(4, ['SIM:1'])
  world.commit(3, ['SIM:1'])
  world.restart()
  world.isUp = true
  await settle(world)
  expect(loop.given.map(({ kind, ts }) => [kind, ts])).toEqual([
    ['bars', startOf(3)],
    ['bars', startOf(4)],
    ['corrections', startOf(3)],
  ])
  expect(loop.states).toEqual(['connecting', 'live', 'waiting', 'connecting', 'loading', 'live'])
})

test('without a server it gives up after its retries, but never once it was connected', async () => {
  const world = new LiveWorld()
  world.isUp = false
  const never = follow(world)
  await settle(world)
  expect(never.error).toBeInstanceOf(BarkeepError)
  expect(never.error).toMatchObject({ code: 'CONNECTION_FAILED' })
  world.isUp = true
  const once = follow(world)
  await settle(world)
  world.cut()
  world.isUp = false
  await settle(world)
  expect(once.isOver).toBe(false)
  world.isUp = true
  world.commit(0, ['SIM:1'])
  await settle(world)
  expect(once.given).toHaveLength(1)
})

test('leaving the loop hangs up at once, also amid a wait', async () => {
  const world = new LiveWorld()
  const live = follow(world)
  const waiting = follow(world, { since: '2026-11-20' })
  await settle(world)
  await live.stream.return?.()
  expect(world.connections).toBe(1)
  world.cut()
  world.isUp = false
  await world.step()
  await waiting.stream.return?.()
  expect([live.isOver, waiting.isOver]).toEqual([true, true])
  expect([live.error, waiting.error]).toEqual([undefined, undefined])
})

test('aborting the signal throws CANCELLED_REQUEST and hangs up', async () => {
  const world = new LiveWorld()
  const controller = new AbortController()
  const loop = follow(world, { signal: controller.signal })
  await settle(world)
  controller.abort()
  await settle(world)
  expect(loop.error).toMatchObject({ code: 'CANCELLED_REQUEST' })
  expect(world.connections).toBe(0)
})

test('a choice among no instruments is refused, because it is not all', async () => {
  const loop = follow(new LiveWorld(), {}, [])
  await new Promise((resolve) => setImmediate(resolve))
  expect(loop.error).toMatchObject({ code: 'INVALID_PARAMETER' })
})
