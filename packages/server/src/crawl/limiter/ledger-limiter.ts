import { randomUUID } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import { attemptsMax, backOffMs } from './back-off.js'
import type { Clock } from './clock.js'
import { HeldSlots, renewalsPerLease } from './held-slots.js'
import { type Answer, type Asking, type Ledger, mergeLimits } from './ledger.js'
import type { Limit, Limiter, Slot, WaitMode } from './limiter.js'

export interface LedgerLimiterOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  /** A slot whose holder died comes back after so long; a living holder renews it. */
  readonly leaseMs: number
  /** A slot held for longer is taken back; longer than any request may take. */
  readonly holdMsMax: number
  /** Who waits asks again at least this often, which tells others that it lives. */
  readonly heartbeatMs: number
  readonly waitersMax: number
}

/** How a limiter waits, wherever its slots are counted. */
export function createLedgerLimiter(options: LedgerLimiterOptions): Limiter {
  const { ledger, clock, leaseMs, heartbeatMs, waitersMax } = options
  const held = new HeldSlots(options)
  const instance = randomUUID()
  const waiters = new Set<AbortController>()
  let lastNumber = 0
  let closed = false

  async function acquire(limits: readonly Limit[], mode: WaitMode, ended: AbortSignal): Promise<Slot> {
    const id = `${instance}:${++lastNumber}`
    let place: Asking['place'] = mode === 'reserve' ? 'last' : 'none'
    for (let attempt = 1; ; attempt += 1) {
      const askedAtMs = clock.now()
      const answer = await ask({ id, limits, leaseMs, place }, ended)
      if (answer.granted) {
        if (clock.now() - askedAtMs <= leaseMs / renewalsPerLease) return held.hold(id, limits, askedAtMs)
        // Came so late that the lease may end while the request is under way: given back, unused, and asked anew.
        await ledger.forget(id, limits)
        continue
      }
      if (mode === 'attempt') {
        if (attempt === attemptsMax) throw gaveUp(answer)
        await clock.sleep(backOffMs(attempt), ended)
      } else {
        place = answer.place
        await sleepInQueue(Math.min(answer.waitMs, heartbeatMs), id, limits, ended)
      }
    }
  }

  async function ask(asking: Asking, ended: AbortSignal): Promise<Answer> {
    const answer = ledger.ask(asking)
    try {
      const answered = await unlessAborted(answer, ended)
      ended.throwIfAborted()
      return answered
    } catch (error) {
      // The answer may yet be a grant, which nobody will use.
      const giveBack = () => ledger.forget(asking.id, asking.limits)
      void answer.then(giveBack, giveBack)
      throw error
    }
  }

  async function sleepInQueue(delayMs: number, id: string, limits: readonly Limit[], ended: AbortSignal) {
    try {
      await clock.sleep(delayMs, ended)
    } catch (error) {
      void ledger.forget(id, limits)
      throw error
    }
  }

  return {
    async acquire(limits, { signal, mode = 'reserve' } = {}) {
      signal?.throwIfAborted()
      if (closed) throw closes()
      if (waiters.size >= waitersMax) throw tooManyWait(waitersMax)
      const waiter = new AbortController()
      const onAbort = () => waiter.abort(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      waiters.add(waiter)
      try {
        return await acquire(mergeLimits(limits), mode, waiter.signal)
      } finally {
        waiters.delete(waiter)
        signal?.removeEventListener('abort', onAbort)
      }
    },
    pause: (key, delayMs) => ledger.pause(key, delayMs),
    resume: (key) => ledger.resume(key),
    status: (limit) => ledger.status(limit),
    async close() {
      closed = true
      for (const waiter of waiters) waiter.abort(closes())
      ledger.close()
    },
  }
}

function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function closes(): BarkeepError {
  return new BarkeepError('SERVICE_UNAVAILABLE', {
    message: 'The limiter closes, so no more requests are sent. Repeat the task after the next start.',
  })
}

function gaveUp({ limit, waitMs }: Answer & { granted: false }): BarkeepError {
  return new BarkeepError('TOO_MANY_REQUESTS', {
    retry: { afterMs: Math.ceil(waitMs) },
    message:
      `The limit of '${limit.key}' (${describe(limit)}) had no room in ${attemptsMax} attempts. ` +
      `Try again in ${Math.ceil(waitMs)} ms, or use the mode 'reserve', which queues.`,
  })
}

function describe({ requests, bytes, perMs }: Limit): string {
  const counts = [requests === undefined ? [] : `${requests} requests`, bytes === undefined ? [] : `${bytes} bytes`]
  return `${counts.flat().join(' and ')} per ${perMs} ms`
}

function tooManyWait(waitersMax: number): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', {
    retry: { afterMs: 1_000 },
    message: `${waitersMax} requests wait for the limiter already (waitersMax). Start fewer tasks at once.`,
  })
}
