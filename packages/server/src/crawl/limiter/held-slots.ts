import { BarkeepError } from '@barkeep/core'
import type { Clock } from './clock.js'
import type { Ledger } from './ledger.js'
import type { Limit, Slot } from './limiter.js'

export interface HeldSlotsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly leaseMs: number
  readonly holdMsMax: number
}

/** How often the lease of a slot is renewed before it would run out. */
export const renewalsPerLease = 4

interface Held {
  readonly limits: readonly Limit[]
  readonly sinceMs: number
  readonly controller: AbortController
  /** By this process's clock, counted from before the ledger was asked: the ledger's own end is later. */
  leaseEndMs: number
}

/** The slots that this process holds. Renews their leases, and aborts what it cannot hold any longer. */
export class HeldSlots {
  readonly #options: HeldSlotsOptions
  readonly #held = new Map<string, Held>()
  #watching = false

  constructor(options: HeldSlotsOptions) {
    this.#options = options
  }

  /** `askedAtMs`: when the ledger was asked for it. */
  hold(id: string, limits: readonly Limit[], askedAtMs: number): Slot {
    const { ledger, leaseMs } = this.#options
    const controller = new AbortController()
    this.#held.set(id, { limits, controller, sinceMs: askedAtMs, leaseEndMs: askedAtMs + leaseMs })
    void this.#watch()
    let open = true
    const settle = async (step: () => Promise<void>) => {
      if (!open) return
      open = false
      this.#held.delete(id)
      await step()
    }
    return {
      signal: controller.signal,
      release: (answer) => settle(() => ledger.release(id, limits, answer?.bytes ?? 0)),
      cancel: () => settle(() => ledger.forget(id, limits)),
    }
  }

  /** Runs while anything is held. */
  async #watch(): Promise<void> {
    if (this.#watching) return
    this.#watching = true
    const { clock, leaseMs } = this.#options
    while (this.#held.size > 0) {
      await clock.sleep(leaseMs / renewalsPerLease)
      const nowMs = clock.now()
      for (const [id, held] of this.#held) this.#check(id, held, nowMs)
    }
    this.#watching = false
  }

  #check(id: string, held: Held, nowMs: number): void {
    const { leaseMs, holdMsMax } = this.#options
    const sleepMs = leaseMs / renewalsPerLease
    // The next look would come too late.
    if (nowMs + sleepMs >= held.leaseEndMs) this.#abort(id, held, 'its lease could not be renewed in time')
    else if (nowMs - held.sinceMs >= holdMsMax) this.#abort(id, held, `it was held for ${holdMsMax} ms`)
    else if (held.leaseEndMs - nowMs <= leaseMs - sleepMs) void this.#renew(id, held, nowMs)
  }

  async #renew(id: string, held: Held, nowMs: number): Promise<void> {
    try {
      await this.#options.ledger.renew(id, held.limits, this.#options.leaseMs)
      held.leaseEndMs = nowMs + this.#options.leaseMs
    } catch {
      // Tried again at the next look, until the lease has too little left.
    }
  }

  /** The slot itself comes back when its lease runs out, or earlier when the caller releases it. */
  #abort(id: string, held: Held, reason: string): void {
    this.#held.delete(id)
    held.controller.abort(
      new BarkeepError('SERVICE_UNAVAILABLE', {
        message: `A slot of '${held.limits[0]?.key}' was taken back: ${reason}. Repeat the request.`,
      }),
    )
  }
}
