import { BarkeepError } from '@barkeep/core'
import type { ConnectorStatus } from './crawl-engine.js'
import type { CrawlStatus, Crawls } from './crawls.js'
import type { Clock } from './limiter/clock.js'

/** How far a crawl is, and what holds its connector up in this process. */
export interface CrawlProgress extends CrawlStatus {
  /** Milliseconds since the epoch until which the connector rests; null when it works. */
  readonly blockedUntilMs: number | null
  /** Why the connector does nothing until a person acts; null when it works. */
  readonly stoppedBy: string | null
}

export interface CrawlFeedParts {
  readonly crawls: Pick<Crawls, 'status'>
  readonly engine: { status(connector: string): ConnectorStatus | undefined }
  readonly clock: Clock
  /** A crawl is looked at no more often, in milliseconds. */
  readonly everyMs: number
}

/** Looks at crawls as they go on; at each once in `everyMs`, however many follow it. */
export class CrawlFeed {
  readonly #parts: CrawlFeedParts
  readonly #stop = new AbortController()
  /** By crawl: the look that is to come. */
  readonly #looks = new Map<number, Promise<CrawlProgress>>()

  constructor(parts: CrawlFeedParts) {
    this.#parts = parts
  }

  /** Throws NOT_FOUND. */
  async now(id: number): Promise<CrawlProgress> {
    const status = await this.#parts.crawls.status(id)
    const { blockedUntilMs = null, stoppedBy = null } = this.#parts.engine.status(status.order.connector) ?? {}
    return { ...status, blockedUntilMs, stoppedBy }
  }

  /** How the crawl is after a while. Throws SERVICE_UNAVAILABLE when the feed closes. */
  later(id: number): Promise<CrawlProgress> {
    let look = this.#looks.get(id)
    if (look === undefined) {
      look = this.#look(id).finally(() => this.#looks.delete(id))
      // Whoever asked may be gone by then.
      look.catch(() => undefined)
      this.#looks.set(id, look)
    }
    return look
  }

  /** Ends what is waited for. */
  close(): void {
    this.#stop.abort(new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The server is stopping.' }))
  }

  async #look(id: number): Promise<CrawlProgress> {
    await this.#parts.clock.sleep(this.#parts.everyMs, this.#stop.signal)
    return this.now(id)
  }
}
