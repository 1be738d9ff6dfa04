import { BarkeepError, failureClassOf, type Task, type TaskResult, upstreamError } from '@barkeep/core'
import { type ConnectorSetup, limitsAt } from './connector-setup.js'
import type { ConnectorStatus } from './crawl-engine.js'
import type { CrawlSink } from './crawl-sink.js'
import type { Limiter } from './limiter/limiter.js'
import { runTask, TaskFailure, type TaskOutcome, urlOf } from './run-task.js'
import { createUpstreamFetch } from './upstream-fetch.js'

export interface AskNowParts {
  readonly setups: readonly ConnectorSetup[]
  readonly limiter: Limiter
  readonly sink: CrawlSink
  /** How a connector fares in the crawl. */
  status(connector: string): ConnectorStatus | undefined
  readonly now: () => number
  readonly settings: { readonly timeoutMs: number; readonly pageBytesMax: number; readonly restMs: number }
}

/** Carries out one task while somebody waits for it. */
export type AskNow = (task: Task, signal: AbortSignal) => Promise<Answered>

export interface Answered {
  readonly result: TaskResult
  /** Resolves when pages, rows and instruments are kept, as of any other task. */
  readonly kept: Promise<void>
}

/**
 * Carries out one task while somebody waits for it: within the same limits as the crawl, in one line with its requests,
 * and not repeated. What came is archived and kept like any other page; a ban or a request to wait holds the crawl back.
 * Throws what the handler throws, UPSTREAM_RATE_LIMITED where nothing may be asked for longer than anybody waits.
 */
export function createAskNow({ setups, limiter, sink, status, now, settings }: AskNowParts): AskNow {
  return async (task, signal) => {
    const setup = setups.find(({ connector }) => connector.id === task.connector)
    const account = setup?.accounts[0]
    if (setup === undefined || account === undefined) throw new RangeError(`There is no connector '${task.connector}'.`)
    const { connector, baseUrl } = setup
    refuseWhileResting(status(connector.id))
    for (const limit of account.limits) {
      const { blockedForMs } = await limiter.status(limit)
      if (blockedForMs > settings.timeoutMs) throw isResting(connector.id, blockedForMs)
    }
    const fetchPage = createUpstreamFetch(connector, { ...settings, baseUrl, limits: account.limits }, limiter, now)
    let outcome: TaskOutcome
    try {
      outcome = await runTask(task, {
        connector,
        credentials: account.credentials,
        now,
        fetch: (request) => fetchPage(request, signal),
      })
    } catch (failure) {
      const cause = failure instanceof TaskFailure ? failure.cause : failure
      if (failure instanceof TaskFailure && failure.pages.length > 0) await sink.archive(failure.pages)
      if (failureClassOf(cause) === 'wait') {
        const afterMs = cause instanceof BarkeepError ? (cause.retry?.afterMs ?? settings.restMs) : settings.restMs
        for (const { key } of limitsAt(account.limits, urlOf(failure))) await limiter.pause(key, afterMs)
      }
      throw cause
    }
    return { result: outcome.result, kept: sink.commit(outcome).then(() => undefined) }
  }
}

function refuseWhileResting(status: ConnectorStatus | undefined): void {
  if (status === undefined || (status.stoppedBy === null && status.blockedUntilMs === null)) return
  const until = status.blockedUntilMs === null ? 'a person acts' : new Date(status.blockedUntilMs).toISOString()
  throw upstreamError(
    'UPSTREAM_RATE_LIMITED',
    `${status.connector} is not asked until ${until}: ${status.stoppedBy ?? status.lastError ?? 'it rests'}`,
  )
}

function isResting(connector: string, blockedForMs: number): BarkeepError {
  const message = `${connector} asked to be left alone for another ${Math.ceil(blockedForMs / 1_000)} s.`
  return upstreamError('UPSTREAM_RATE_LIMITED', message, { afterMs: blockedForMs })
}
