import { BarkeepError, invalidParameter, type LiveDone, type LiveMessage, type Topic } from '@barkeep/core'
import { liveBackoffMs } from './backoff.js'
import { type HttpSettings, send } from './http.js'
import { cancelledRequest, unreadableAnswer } from './problem.js'
import { queryOf } from './query.js'
import { serverSentEvents } from './server-sent-events.js'
import type { ReplayOptions, StreamMessage, StreamOptions } from './stream-message.js'

/**
 * A past day of a topic, to its end. It comes over HTTP and not over socket.io, which has no way to make a sender wait: what
 * the loop does not take is not asked for. A connection that breaks is opened again where it broke.
 * Throws INVALID_PARAMETER, what the server refuses, CANCELLED_REQUEST, and CONNECTION_FAILED where there is no server.
 */
export async function* replayTopic(
  settings: HttpSettings,
  topic: Topic,
  instruments: readonly string[] | undefined,
  replay: ReplayOptions,
  { onState, signal }: Pick<StreamOptions, 'onState'> & { readonly signal: AbortSignal },
): AsyncGenerator<StreamMessage, void, undefined> {
  if (instruments?.length === 0) throw invalidParameter('instruments', '', 'the list is empty. Leave it out for all.')
  const { date, speed, start } = replay
  /** The last start that was told, and the last mark of each exchange. */
  let toldTs = ''
  const done = new Map<string, string>()
  for (let failures = 0; ; failures += 1) {
    let reason: BarkeepError | undefined
    try {
      onState?.('connecting')
      const from = toldTs === '' ? start : toldTs
      const params = queryOf({ topic, instruments, replay: date, speed, start: from })
      const request = { path: '/v1/stream', params, accept: 'text/event-stream', isLong: true, signal }
      const response = await send(settings, request, async (answer) => answer)
      onState?.('live')
      for await (const { event, data } of serverSentEvents(response, signal)) {
        failures = 0
        if (event === `${topic}_end`) return
        if (event === topic) {
          const { epoch, seq, ts, bars } = parse<LiveMessage>(data)
          if (ts <= toldTs) continue
          toldTs = ts
          yield { kind: 'bars', position: { epoch, seq }, ts, bars }
        } else if (event === `${topic}_done`) {
          const { epoch, seq, ts, exchange, instruments: count, missing } = parse<LiveDone>(data)
          if (ts <= (done.get(exchange) ?? '')) continue
          done.set(exchange, ts)
          yield { kind: 'done', position: { epoch, seq }, ts, exchange, instruments: count, missing }
        }
      }
    } catch (error) {
      if (signal.aborted) throw cancelledRequest(signal.reason)
      // Connecting was tried often enough by then; what breaks later is connected anew.
      if (error instanceof BarkeepError && (error.status < 500 || (toldTs === '' && done.size === 0))) throw error
      if (error instanceof BarkeepError) reason = error
    }
    onState?.('waiting', reason)
    await settings.sleep(liveBackoffMs(failures, settings.random, reason?.retry?.afterMs), signal).catch(() => {
      throw cancelledRequest(signal.reason)
    })
  }
}

function parse<Message>(data: string): Message {
  try {
    return JSON.parse(data) as Message // the server is trusted for what it tells
  } catch (cause) {
    throw unreadableAnswer('a message of a replay', cause)
  }
}
