import { type Bar, BarkeepError, type ErrorCode, type LiveBar, type PublishRequest } from '@barkeep/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OpenLink } from './live-link.js'
import { createPublisher } from './live-publisher.js'
import { startOf } from './live-world.contract.js'
import type { PublisherOptions } from './publish.js'

/**
 * What becomes of a message: `lost` on its way, `unanswered` although it was kept, `refused` with all that come behind it
 * on its connection, or `kept` and answered.
 */
type Fate = 'lost' | 'unanswered' | 'refused' | 'kept'

/** A server that takes bars, with a lease; it loses messages and answers as it is told. */
class Door {
  readonly commits: LiveBar[] = []
  readonly words: string[] = []
  fates: Fate[] = []
  holder: 'nobody' | 'other' | 'us' = 'nobody'
  #token = 0
  #epoch = 1
  #cuts = new Set<() => void>()

  restart(): void {
    this.cut()
    this.#epoch += 1
    this.holder = 'nobody'
    this.#token += 100
  }

  cut(): void {
    for (const cut of [...this.#cuts]) cut()
  }

  /** Somebody else publishes and goes away again. */
  steal(): void {
    this.#token += 1
    this.holder = 'nobody'
  }

  readonly open: OpenLink = ({ onOpen, onEnd }) => {
    let isOpen = true
    let isHeld = false
    const cut = () => {
      if (!isOpen) return
      isOpen = false
      this.#cuts.delete(cut)
      onEnd(failure('CONNECTION_FAILED'))
    }
    this.#cuts.add(cut)
    setImmediate(() => isOpen && onOpen())
    const close = () => {
      isOpen = false
      this.#cuts.delete(cut)
    }
    const say = (word: string, payload: object, onAnswer: (answer: unknown) => void) => {
      this.words.push(word)
      setImmediate(() => {
        if (!isOpen) return
        const fate = word === 'pub_kmin' && (payload as PublishRequest).bars.length > 0 ? this.fates.shift() : 'kept'
        if (fate === 'lost') return cut()
        isHeld ||= fate === 'refused'
        if (isHeld && word === 'pub_kmin') {
          setImmediate(() => isOpen && onAnswer(refusal('TOO_MANY_REQUESTS')))
          return
        }
        const answer = this.#answer(word, payload)
        if (fate === 'unanswered') return cut()
        setImmediate(() => isOpen && onAnswer(answer))
      })
    }
    return { say, close }
  }

  readonly loadPage = async ({ instruments }: { readonly instruments: readonly string[] | undefined }) => {
    const latest = new Map(this.commits.map((bar) => [`${bar.instrument} ${bar.ts}`, bar]))
    return { bars: [...latest.values()].filter((bar) => instruments?.includes(bar.instrument)), next: undefined }
  }

  #answer(word: string, payload: object): object {
    if (word === 'unlease_kmin') {
      this.holder = 'nobody'
      return { ok: true, topic: 'kmin' }
    }
    const lease = () => ({ token: this.#token, expires_at: startOf(0) })
    if (word === 'lease_kmin') {
      const takeover = 'takeover' in payload && payload.takeover === true
      if (this.holder === 'other' && !takeover) return refusal('LEASE_HELD')
      this.#token += 1
      this.holder = 'us'
      return { ok: true, topic: 'kmin', lease: lease() }
    }
    const { bars, token, source = 'live' } = payload as PublishRequest
    if (token !== this.#token) return refusal('LEASE_LOST')
    if (bars.some(({ volume }) => volume < 0)) return refusal('INVALID_ROWS')
    for (const bar of bars) this.commits.push({ ...bar, final: bar.final ?? true, source, known_at: startOf(0) })
    const [epoch, seq] = [String(this.#epoch), this.commits.length]
    return {
      ok: true,
      topic: 'kmin',
      epoch,
      seq,
      rows: bars.length,
      messages: 1,
      created_instruments: [],
      lease: lease(),
    }
  }
}

const failure = (code: ErrorCode) => new BarkeepError(code, { message: code })
const refusal = (code: ErrorCode) => ({ error: { code, message: code, errors: [] } })
const barAt = (minute: number, instrument = 'SIM:1', volume = 1): Bar => ({
  ...{ instrument, ts: startOf(minute), open: 1, high: 1, low: 1, close: 1, volume, turnover: null, trades: null },
})

function publish(door: Door, options: PublisherOptions = {}) {
  const sleep = () => new Promise<void>((resolve) => setImmediate(resolve))
  return createPublisher({ ...door, retriesMax: 2, random: () => 0, sleep }, 'kmin', options)
}

const minutesOf = ({ commits }: Door) => commits.map(({ ts }) => ts)

test('whichever messages and answers are lost, or are too many at once, each bar is kept once and in order', async () => {
  const fates = fc.array(fc.constantFrom<Fate>('kept', 'lost', 'unanswered', 'refused'), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(fates, fc.boolean(), async (script, atOnce) => {
      const door = new Door()
      door.fates = [...script]
      const publisher = await publish(door)
      const sending: Promise<unknown>[] = []
      for (let minute = 0; minute < 6; minute++) {
        const sent = publisher.send([barAt(minute), barAt(minute, 'SIM:2')])
        sending.push(expect(sent).resolves.toMatchObject({ ok: true, rows: 2 }))
        if (!atOnce) await sent
      }
      await Promise.all(sending)
      expect(minutesOf(door)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5].map(startOf))
      await publisher.close()
      expect(door.holder).toBe('nobody')
    }),
    { numRuns: 200 },
  )
})

test('a correction that got no answer is told once, too, and a bar like the one before it is no correction', async () => {
  const door = new Door()
  const publisher = await publish(door)
  await publisher.send([barAt(0)])
  door.fates = ['unanswered']
  await publisher.send([barAt(0, 'SIM:1', 2)])
  expect(door.commits.map(({ volume }) => volume)).toEqual([1, 2])
})

test('after a restart of the server the publisher takes the lease anew and goes on', async () => {
  const door = new Door()
  const publisher = await publish(door)
  await publisher.send([barAt(0)])
  door.restart()
  await publisher.send([barAt(1)])
  expect(minutesOf(door)).toEqual([startOf(0), startOf(1)])
})

test('what was under way while somebody else published is refused with LEASE_LOST, and so is what follows', async () => {
  const door = new Door()
  const publisher = await publish(door)
  await publisher.send([barAt(0)])
  door.fates = ['lost']
  const underWay = publisher.send([barAt(1)])
  door.steal()
  await expect(underWay).rejects.toMatchObject({ code: 'LEASE_LOST' })
  await expect(publisher.send([barAt(2)])).rejects.toMatchObject({ code: 'LEASE_LOST' })
  expect(minutesOf(door)).toEqual([startOf(0)])
  await publisher.close()
})

test('a topic that another has is refused with LEASE_HELD, unless it is to be taken over', async () => {
  const door = new Door()
  door.holder = 'other'
  await expect(publish(door)).rejects.toMatchObject({ code: 'LEASE_HELD' })
  const publisher = await publish(door, { takeover: true })
  await expect(publisher.send([barAt(0)])).resolves.toMatchObject({ seq: 1 })
})

test('a message that is refused does not stop those behind it', async () => {
  const door = new Door()
  const publisher = await publish(door)
  const [bad, good] = [publisher.send([barAt(0, 'SIM:1', -1)]), publisher.send([barAt(1)])]
  await expect(bad).rejects.toMatchObject({ code: 'INVALID_ROWS' })
  await expect(good).resolves.toMatchObject({ rows: 1 })
})

test('closing waits for what was sent, gives the topic back, and takes nothing more', async () => {
  const door = new Door()
  const publisher = await publish(door)
  const sent = publisher.send([barAt(0)])
  await publisher.close()
  await expect(sent).resolves.toMatchObject({ seq: 1 })
  expect(door.words.at(-1)).toBe('unlease_kmin')
  await expect(publisher.send([barAt(1)])).rejects.toMatchObject({ code: 'CANCELLED_REQUEST' })
})

test('aborting refuses what waits', async () => {
  const door = new Door()
  const controller = new AbortController()
  const publisher = await publish(door, { signal: controller.signal })
  const sent = publisher.send([barAt(0)])
  controller.abort()
  await expect(sent).rejects.toMatchObject({ code: 'CANCELLED_REQUEST' })
})

test('more than may wait is refused', async () => {
  const door = new Door()
  const publisher = await publish(door)
  const sent = Array.from({ length: 1_001 }, (_, minute) =>
    publisher.send([barAt(minute)]).catch((error) => error.code),
  )
  const outcomes = await Promise.all(sent)
  expect(outcomes.at(-1)).toBe('OVER_CAPACITY')
  expect(minutesOf(door)).toHaveLength(1_000)
})
