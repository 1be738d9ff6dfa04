import { setMaxListeners } from 'node:events'
import { BarkeepError, type FailureClass, failureClassOf, type LocalContext } from '@barkeep/core'
import { type Account, type ConnectorSetup, limitsAt } from './connector-setup.js'
import type { CommitReport, CrawlSink } from './crawl-sink.js'
import type { Clock } from './limiter/clock.js'
import type { Limit, Limiter } from './limiter/limiter.js'
import type { Lease, TaskQueue } from './queue/task-queue.js'
import { runTask, TaskFailure, type TaskOutcome, urlOf } from './run-task.js'
import { createUpstreamFetch } from './upstream-fetch.js'

export interface EngineSettings {
  /** Attempts of a task before it is dead. */
  readonly attemptsMax: number
  /** Failures in a row after which a connector rests. */
  readonly failuresMax: number
  readonly restMs: number
  /** Tasks of one connector that are worked on at the same time. */
  readonly concurrencyMax: number
  /** Results of one connector that wait to be kept; a crash asks for their pages again. */
  readonly uncommittedMax: number
  /** Of one request. */
  readonly timeoutMs: number
  readonly pageBytesMax: number
}

export interface ConnectorStatus {
  readonly connector: string
  /** Milliseconds since the epoch until which it rests; null when it works. */
  readonly blockedUntilMs: number | null
  /** Why it does nothing until a person acts; null when it works. */
  readonly stoppedBy: string | null
  readonly pages: number
  readonly bytes: number
  readonly bars: number
  readonly rows: number
  readonly refused: number
  readonly failures: number
  readonly lastError: string | null
  /** When the first of these pages came. */
  readonly sinceMs: number | null
}

const BACK_OFF_MS = 1_000
const BACK_OFF_MS_MAX = 600_000
/** How often a connector that rests for a pause of its limits looks whether another process ended the pause. */
const PAUSE_LOOK_MS = 5_000

export interface EngineParts {
  readonly setups: readonly ConnectorSetup[]
  readonly queue: TaskQueue
  readonly limiter: Limiter
  readonly sink: CrawlSink
  /** Epoch milliseconds. */
  readonly clock: Clock
  readonly random: () => number
  readonly settings: EngineSettings
  /** What a local connector sees; a worker has none, and leaves such tasks to the server. */
  readonly local?: (setup: ConnectorSetup) => LocalContext
}

/** Takes tasks from the queue, lets handlers execute them within the limits, and keeps what comes back. */
export class CrawlEngine {
  readonly #parts: EngineParts
  readonly #stop = new AbortController()
  readonly #lines: Map<string, Line>
  readonly #loops: Promise<void>[] = []

  constructor(parts: EngineParts) {
    this.#parts = parts
    // Every loop of every connector listens to it.
    setMaxListeners(0, this.#stop.signal)
    this.#lines = new Map(parts.setups.map((setup) => [setup.connector.id, new Line(setup)]))
  }

  /** Starts to work, or on the tasks of local connectors only. */
  start(what: 'all' | 'local' = 'all'): void {
    const { concurrencyMax } = this.#parts.settings
    for (const line of this.#lines.values()) {
      const { isLocal = false } = line.setup.connector
      if (isLocal ? this.#parts.local === undefined : what === 'local') continue
      for (const account of line.setup.accounts) {
        const loops = Array.from({ length: concurrencyOf(account.limits, concurrencyMax) }, () =>
          this.#loop(line, account),
        )
        this.#loops.push(...loops)
      }
    }
  }

  status(connector: string): ConnectorStatus | undefined {
    return this.#lines.get(connector)?.status(this.#parts.clock.now())
  }

  /**
   * Lets a connector go on that stopped or rests, and ends the pauses of its limits, for all who share them.
   * Throws SERVICE_UNAVAILABLE when Redis is out of reach.
   */
  async resume(connector: string): Promise<void> {
    const line = this.#lines.get(connector)
    if (line === undefined) return
    const keys = line.setup.accounts.flatMap(({ limits }) => limits.map(({ key }) => key))
    for (const key of new Set(keys)) await this.#parts.limiter.resume(key)
    line.resume()
  }

  /** Ends what is being worked on; it is waiting again then. */
  async close(): Promise<void> {
    this.#stop.abort(new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The crawl is closing.' }))
    await Promise.all(this.#loops)
    for (const line of this.#lines.values()) await line.kept()
  }

  async #loop(line: Line, account: Account): Promise<void> {
    const { signal } = this.#stop
    const { queue, clock } = this.#parts
    while (!signal.aborted) {
      try {
        await line.untilAllowed(clock, signal, () => this.#isPaused(line))
        const lease = await queue.take(line.setup.connector.id, signal)
        await this.#work(line, account, lease, signal)
      } catch (error) {
        if (signal.aborted) return
        // The store or the queue is out of reach: nothing is lost, since what was not ended is waiting.
        line.fail(error)
        await clock.sleep(BACK_OFF_MS, signal).catch(() => undefined)
      }
    }
  }

  async #isPaused({ setup }: Line): Promise<boolean> {
    const limits = setup.accounts.flatMap((account) => account.limits)
    try {
      const statuses = await Promise.all(limits.map((limit) => this.#parts.limiter.status(limit)))
      return statuses.some(({ blockedForMs }) => blockedForMs > 0)
    } catch {
      // Redis is out of reach: then it rests as long as it was told to.
      return true
    }
  }

  async #work(line: Line, account: Account, lease: Lease, signal: AbortSignal): Promise<void> {
    const { limiter, clock, settings, local } = this.#parts
    const { connector, baseUrl } = line.setup
    const { credentials, limits } = account
    const fetchPage = createUpstreamFetch(connector, { ...settings, baseUrl, limits }, limiter, clock.now)
    let outcome: TaskOutcome
    try {
      outcome = await runTask(lease.queued.task, {
        connector,
        credentials,
        now: clock.now,
        fetch: (request) => fetchPage(request, signal),
        ...(connector.isLocal === true && local !== undefined && { local: local(line.setup) }),
      })
    } catch (error) {
      if (signal.aborted) throw error
      await this.#failed(line, account, lease, error)
      return
    }
    // Keeping goes on beside the next request: many results are kept in one stroke, and no slot waits for the store.
    await line.keep(this.#keep(line, account, lease, outcome), settings.uncommittedMax)
  }

  async #keep(line: Line, account: Account, lease: Lease, outcome: TaskOutcome): Promise<void> {
    try {
      const report = await this.#parts.sink.commit(outcome)
      await lease.done(outcome.result.nextTasks)
      line.succeed(outcome, report, this.#parts.clock.now())
    } catch (error) {
      // The store or the queue may be out of reach as well: then the task is waiting at the next start.
      await this.#failed(line, account, lease, error).catch((failure: unknown) => line.fail(failure))
    }
  }

  async #failed(line: Line, account: Account, lease: Lease, failure: unknown): Promise<void> {
    const { limiter, clock, sink, settings, random } = this.#parts
    const cause = failure instanceof TaskFailure ? failure.cause : failure
    if (failure instanceof TaskFailure) await sink.archive(failure.pages)
    line.fail(cause)
    const text = describeError(cause)
    const { attempts } = lease.queued
    const kind: FailureClass = failureClassOf(cause)
    if (kind === 'fail') return lease.bury(text)
    if (kind === 'stop') {
      line.stop(text)
      return lease.postpone(0, text)
    }
    if (kind === 'wait') {
      const afterMs = cause instanceof BarkeepError ? (cause.retry?.afterMs ?? settings.restMs) : settings.restMs
      for (const { key } of limitsAt(account.limits, urlOf(failure))) await limiter.pause(key, afterMs)
      line.rest(clock.now() + afterMs, account.limits.length > 0 ? 'pause' : 'own')
      // The pause holds the task back as well, and lets it go when somebody ends the pause.
      return lease.postpone(account.limits.length > 0 ? 0 : afterMs, text)
    }
    if (attempts + 1 >= settings.attemptsMax) return lease.bury(text)
    if (line.failuresInARow >= settings.failuresMax) line.rest(clock.now() + settings.restMs, 'own')
    // Full jitter, so that tasks that failed together do not come back together.
    return lease.retry(Math.round(random() * Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** (attempts + 1))), text)
  }
}

/** What is known of a connector while it runs. */
class Line {
  readonly setup: ConnectorSetup
  failuresInARow = 0
  #restsUntilMs = 0
  #restsFor: 'pause' | 'own' = 'own'
  #stoppedBy: string | null = null
  #resumed = new AbortController()
  readonly #keeping = new Set<Promise<void>>()
  #totals = { pages: 0, bytes: 0, bars: 0, rows: 0, refused: 0, failures: 0 }
  #lastError: string | null = null
  #sinceMs: number | null = null

  constructor(setup: ConnectorSetup) {
    this.setup = setup
  }

  /** Takes a result on its way into the store; resolves when there is room for the next. */
  async keep(keeping: Promise<void>, max: number): Promise<void> {
    const tracked = keeping.finally(() => this.#keeping.delete(tracked))
    this.#keeping.add(tracked)
    while (this.#keeping.size >= max) await Promise.race(this.#keeping)
  }

  /** Waits until everything is kept. */
  async kept(): Promise<void> {
    await Promise.all(this.#keeping)
  }

  /** Waits while the connector rests or is stopped. `isPaused` tells whether its limits are. */
  async untilAllowed(clock: Clock, signal: AbortSignal, isPaused: () => Promise<boolean>): Promise<void> {
    while (this.#stoppedBy !== null || this.#restsUntilMs > clock.now()) {
      const restMs = this.#stoppedBy === null ? this.#restsUntilMs - clock.now() : BACK_OFF_MS_MAX
      const isForPause = this.#stoppedBy === null && this.#restsFor === 'pause'
      const sleepMs = isForPause ? Math.min(restMs, PAUSE_LOOK_MS) : restMs
      await clock.sleep(sleepMs, AbortSignal.any([signal, this.#resumed.signal])).catch(() => undefined)
      signal.throwIfAborted()
      if (isForPause && this.#restsFor === 'pause' && !(await isPaused())) this.#restsUntilMs = 0
    }
  }

  /** `pause` where the limiter holds the connector back as well, for all who share its limits. */
  rest(untilMs: number, why: 'pause' | 'own'): void {
    if (untilMs < this.#restsUntilMs) return
    this.#restsUntilMs = untilMs
    this.#restsFor = why
  }

  stop(reason: string): void {
    this.#stoppedBy = reason
  }

  resume(): void {
    this.#stoppedBy = null
    this.#restsUntilMs = 0
    this.failuresInARow = 0
    this.#resumed.abort()
    this.#resumed = new AbortController()
  }

  succeed({ pages }: TaskOutcome, { bars, rows, refused }: CommitReport, nowMs: number): void {
    this.failuresInARow = 0
    this.#sinceMs ??= nowMs
    this.#totals.pages += pages.length
    this.#totals.bytes += pages.reduce((sum, { page }) => sum + page.body.byteLength, 0)
    this.#totals.bars += bars
    this.#totals.rows += rows
    this.#totals.refused += refused.length
  }

  fail(error: unknown): void {
    this.failuresInARow += 1
    this.#totals.failures += 1
    this.#lastError = describeError(error)
  }

  status(nowMs: number): ConnectorStatus {
    return {
      connector: this.setup.connector.id,
      blockedUntilMs: this.#restsUntilMs > nowMs ? this.#restsUntilMs : null,
      stoppedBy: this.#stoppedBy,
      ...this.#totals,
      lastError: this.#lastError,
      sinceMs: this.#sinceMs,
    }
  }
}

/** One more than the limits let through at once, so that one is ready while another is being kept. */
function concurrencyOf(limits: readonly Limit[], concurrencyMax: number): number {
  const requests = limits.flatMap((limit) => limit.requests ?? [])
  return Math.max(1, Math.min(concurrencyMax, Math.min(...requests, concurrencyMax) + 1))
}

function describeError(error: unknown): string {
  if (error instanceof BarkeepError) return `${error.code}: ${error.message}`.slice(0, 500)
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500)
}
