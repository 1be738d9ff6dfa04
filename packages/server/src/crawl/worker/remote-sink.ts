import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { BarkeepError, type Envelope, type ErrorCode, errorCatalogue, type Problem } from '@barkeep/core'
import type { CommitReport, CrawlSink } from '../crawl-sink.js'
import type { Clock } from '../limiter/clock.js'
import { taskKey } from '../queue/task-key.js'
import { writeResult } from './remote-sink-body.js'

/** How long the server may take to keep one result. */
const KEEP_MS_MAX = 300_000
/** Refusals that say nothing about the result: of the key, and of too much at once. */
const passing = [401, 403, 429]
const BACK_OFF_MS = 250
const BACK_OFF_MS_MAX = 15_000

export interface RemoteSinkParts {
  /** URL of the server that owns the store. */
  readonly server: string
  /** Sent as a bearer token. */
  readonly key?: string
  readonly clock: Clock
  readonly random: () => number
  /** Told of each failure after which it tries again. */
  readonly onFailure?: (error: BarkeepError) => void
}

export interface RemoteSink extends CrawlSink {
  /** Gives up on a server that is away; what it was to keep is asked for again by another worker. */
  close(): void
}

/**
 * Hands outcomes to the server, which keeps them. While the server is away, or does not know the key, it tries again, without end: so a server that
 * restarts costs no page. A result has a key of its own, under which the server keeps it once.
 * Throws what the server refuses the result with, and SERVICE_UNAVAILABLE when it closes.
 */
export function createRemoteSink({ server, key, clock, random, onFailure }: RemoteSinkParts): RemoteSink {
  const address = new URL('v1/crawl-results', server.endsWith('/') ? server : `${server}/`)
  const closing = new AbortController()
  // As many wait under it as tasks are worked on at a time: no leak.
  setMaxListeners(0, closing.signal)

  async function send(body: string, idempotencyKey: string): Promise<CommitReport> {
    for (let attempt = 1; ; attempt++) {
      const answer = await post(address, body, { idempotencyKey, ...(key !== undefined && { key }) })
      if (answer.kept !== undefined) return answer.kept
      if (!answer.passes) throw answer.error
      onFailure?.(answer.error)
      const backOffMs = random() * Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** attempt)
      await clock.sleep(Math.max(backOffMs, answer.error.retry?.afterMs ?? 0), closing.signal)
    }
  }

  return {
    commit: ({ result: { task, data }, pages }) =>
      send(writeResult(task, data, pages), `${taskKey(task)}/${randomUUID()}`),
    async archive(pages) {
      const [first] = pages
      if (first === undefined) return
      await send(writeResult(first, null, pages), `${first.task}/${randomUUID()}`)
    },
    close() {
      closing.abort(new BarkeepError('SERVICE_UNAVAILABLE', { message: 'The worker is closing.' }))
    },
  }
}

type Answer =
  | { readonly kept: CommitReport }
  | { readonly kept?: undefined; readonly error: BarkeepError; readonly passes: boolean }

async function post(
  address: URL,
  body: string,
  { idempotencyKey, key }: { readonly idempotencyKey: string; readonly key?: string },
): Promise<Answer> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body,
      signal: AbortSignal.timeout(KEEP_MS_MAX),
    })
    const text = await response.text()
    if (response.ok) return { kept: (JSON.parse(text) as Envelope<CommitReport>).data } // as the route answers
    return { error: refusalOf(response, text), passes: response.status >= 500 || passing.includes(response.status) }
  } catch (cause) {
    const error = new BarkeepError('CONNECTION_FAILED', {
      cause,
      message: `No Barkeep server answers at ${address.origin}.`,
    })
    return { error, passes: true }
  }
}

function refusalOf({ status, headers }: Response, text: string): BarkeepError {
  const { code, message, errors } = problemOf(text)
  const waitS = Number(headers.get('retry-after') ?? 0)
  return new BarkeepError(code ?? 'INTERNAL_ERROR', {
    message: message ?? `The server answers with status ${status}. Is it a Barkeep server, and new enough?`,
    errors: errors ?? [],
    ...(waitS > 0 && { retry: { afterMs: waitS * 1_000 } }),
  })
}

function problemOf(text: string): Partial<Pick<Problem, 'code' | 'message' | 'errors'>> {
  try {
    const problem = JSON.parse(text) as Partial<Problem> // checked by its code
    return Object.hasOwn(errorCatalogue, problem.code ?? '') ? (problem as Problem & { code: ErrorCode }) : {}
  } catch {
    return {}
  }
}
