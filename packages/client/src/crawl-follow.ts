import { BarkeepError, type ErrorCode } from '@barkeep/core'
import { backoffMs } from './backoff.js'
import type { CrawlProgress, CrawlStatus } from './crawl-answers.js'
import { type HttpSettings, send } from './http.js'
import { requestData } from './json.js'
import { abortOnReturn } from './link-abort.js'
import { cancelledRequest, unreadableAnswer } from './problem.js'
import { segmentOf } from './query.js'
import { serverSentEvents } from './server-sent-events.js'

/** How often is asked where the server does not tell by itself. */
const POLL_MS = 1_000

/** Answers after which it is asked for instead: an older server, one that has enough followers, something in between. */
const withoutEvents: readonly ErrorCode[] = ['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED', 'OVER_CAPACITY', 'NOT_ACCEPTABLE']

/** The states of a crawl as they change, by events of the server, or by asking where there are none. */
export function followCrawl(
  settings: HttpSettings,
  id: number,
  parent: AbortSignal | undefined,
): AsyncIterableIterator<CrawlProgress, void, undefined> {
  return abortOnReturn(parent, async function* (signal) {
    const path = `/v1/crawls/${segmentOf('id', id)}`
    let shown = ''
    for (let breaks = 0; ; breaks += 1) {
      try {
        for await (const state of statesOf(settings, path, signal)) {
          const text = JSON.stringify(state)
          if (text !== shown) yield state
          if (isOver(state)) return
          if (text !== shown) breaks = 0
          shown = text
        }
      } catch (error) {
        if (signal.aborted) throw cancelledRequest(signal.reason)
        // Connecting was tried often enough by then; what breaks later is connected anew.
        if (error instanceof BarkeepError) {
          if (!withoutEvents.includes(error.code)) throw error
          yield* poll(settings, path, shown, signal)
          return
        }
      }
      await settings.sleep(backoffMs(breaks, settings.random), signal).catch(() => {
        throw cancelledRequest(signal.reason)
      })
    }
  })
}

async function* statesOf(
  settings: HttpSettings,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<CrawlProgress, void, undefined> {
  const request = { path: `${path}/events`, accept: 'text/event-stream', isLong: true, signal }
  const response = await send(settings, request, async (answer) => answer)
  for await (const { event, data } of serverSentEvents(response, signal)) {
    if (event === 'state') yield parseState(data)
  }
}

function parseState(data: string): CrawlProgress {
  try {
    return JSON.parse(data) as CrawlProgress // the server is trusted for what it tells
  } catch (cause) {
    throw unreadableAnswer('a state of a crawl', cause)
  }
}

async function* poll(
  settings: HttpSettings,
  path: string,
  shownBefore: string,
  signal: AbortSignal,
): AsyncGenerator<CrawlProgress, void, undefined> {
  for (let shown = shownBefore; ; ) {
    const status = await requestData<CrawlStatus>(settings, { path, signal })
    const state = { ...status, blockedUntilMs: null, stoppedBy: null }
    const text = JSON.stringify(state)
    if (text !== shown) yield state
    if (isOver(state)) return
    shown = text
    await settings.sleep(POLL_MS, signal).catch(() => {
      throw cancelledRequest(signal.reason)
    })
  }
}

function isOver({ state }: CrawlStatus): boolean {
  return state === 'done' || state === 'cancelled'
}
