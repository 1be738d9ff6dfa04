import type { LiveBar, NotifyReport, NotifyRequest, Topic } from '@barkeep/core'
import type { LiveDoor } from './live-door.js'
import { type PayloadLimits, readPromise } from './live-payload.js'
import { PublisherDesk } from './publisher-desk.js'

export interface NotifyOptions {
  /** Bars of each topic that wait for their notify, and the most that one body may bring. */
  readonly rowsMax: number
  readonly limits: PayloadLimits
}

/** Publishers that post bars over HTTP and then say so: each caller is one publisher, for as long as a term lasts. */
export class NotifyDesk {
  readonly #door: LiveDoor
  readonly #options: NotifyOptions
  readonly #desks = new Map<string, PublisherDesk>()
  readonly #posted = new Map<Topic, Map<string, LiveBar>>()

  constructor(door: LiveDoor, options: NotifyOptions) {
    this.#door = door
    this.#options = options
  }

  /** Keeps committed bars for the next notify. More than `rowsMax` at once are a backfill, and no news. */
  add(topic: Topic, bars: readonly LiveBar[]): void {
    if (bars.length > this.#options.rowsMax) return
    const posted = this.#posted.get(topic) ?? new Map<string, LiveBar>()
    this.#posted.set(topic, posted)
    for (const bar of bars) {
      const key = `${bar.instrument} ${bar.ts}`
      posted.delete(key)
      posted.set(key, bar)
    }
    for (const oldest of posted.keys()) {
      if (posted.size <= this.#options.rowsMax) break
      posted.delete(oldest)
    }
  }

  /** Throws LEASE_HELD, INVALID_PARAMETER, UNKNOWN_EXCHANGE. */
  async notify(topic: Topic, caller: string, request: NotifyRequest): Promise<NotifyReport> {
    const { done, expects } = readPromise(request, this.#options.limits)
    const desk = this.#desks.get(caller) ?? new PublisherDesk(this.#door)
    this.#desks.set(caller, desk)
    const lease = await desk.lease(topic, false)
    const posted = this.#posted.get(topic) ?? new Map<string, LiveBar>()
    this.#posted.delete(topic)
    const bars = [...posted.values()]
    const publisher = {
      token: lease.token,
      ...(done !== undefined && { doneMs: Date.parse(done) }),
      ...(expects !== undefined && { expects }),
    }
    try {
      const { position, messages } = await this.#door.announce(topic, bars, publisher)
      return { topic, ...position, bars: bars.length, messages, lease }
    } catch (error) {
      // They were not told yet; what was posted since is newer.
      const since = this.#posted.get(topic) ?? new Map<string, LiveBar>()
      this.#posted.delete(topic)
      this.add(topic, [...posted.values(), ...since.values()])
      throw error
    }
  }
}
