import type { ServerResponse } from 'node:http'
import { type Answer, jsonAnswer } from '../http/answer.js'
import type { Connections, World } from '../http/connections.js'
import { lastSession } from '../market/minutes-so-far.js'
import { kbars, type Question, refusal, snapshots, ticks, wallOf } from './data.js'
import { matchesSoFar } from './matches.js'

const SUBSCRIPTIONS_MAX = 200
const root = '/api/v1'

/** The server of Shioaji on somebody's machine: it counts the bytes of its day, and tells matches over a stream. */
export function openServer(world: World): Connections {
  const { truth, bytesPerDay } = world
  const streams = new Set<ServerResponse>()
  /** Until when a code was told, ms since the epoch. */
  const toldMs = new Map<string, number>()
  let bytes = 0

  function answerTo(path: string, question: Question): Answer | undefined {
    const isOver = bytes >= bytesPerDay
    switch (path) {
      case `${root}/data/kbars`:
        return kbars(truth, question, world.now(), isOver)
      case `${root}/data/ticks`:
        return ticks(truth, question, world.now(), isOver)
      case `${root}/data/snapshots`:
        return isOver ? jsonAnswer([]) : snapshots(truth, question, world.now())
      case `${root}/stream/subscribe`:
        return subscribe(question as Question & Question['contract'])
      default:
        return undefined
    }
  }

  function subscribe({ code }: { readonly code?: string }): Answer {
    if (code === undefined || toldMs.size >= SUBSCRIPTIONS_MAX) return refusal(400, 'Subscription refused')
    toldMs.set(code, world.now())
    return jsonAnswer({ code: 0, message: 'ok' })
  }

  const send = (event: string, data: object) => {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  return {
    listened: () => (streams.size === 0 ? 0 : toldMs.size),
    answer(url, body) {
      if (url.pathname === `${root}/auth/usage`) {
        const remaining = Math.max(0, bytesPerDay - bytes)
        return jsonAnswer({ connections: 1, bytes, limit_bytes: bytesPerDay, remaining_bytes: remaining })
      }
      const answer = body === '' ? undefined : answerTo(url.pathname, JSON.parse(body))
      bytes += answer?.body.length ?? 0
      return answer
    },
    listen(url, _request, response) {
      if (url.pathname !== `${root}/stream/data/tick_stk`) return false
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return true
    },
    tell() {
      const nowMs = world.now()
      const date = lastSession(truth, nowMs)
      for (const [code, sinceMs] of toldMs) {
        toldMs.set(code, nowMs)
        for (const match of matchesSoFar(truth, code, date, nowMs)) {
          if (match.atMs <= sinceMs) continue
          send('tick_stk', {
            code,
            datetime: wallOf(match.atMs),
            // Prices are texts, volumes numbers.
            close: String(match.price),
            volume: match.lots,
            amount: String(match.amount),
            total_volume: match.totalLots,
            tick_type: 1,
            simtrade: match.isTrial,
            intraday_odd: false,
          })
        }
      }
      send('heartbeat', { type: 'heartbeat', timestamp: nowMs, connection_id: '1' })
    },
    drop() {
      for (const stream of streams) stream.destroy()
      streams.clear()
      toldMs.clear()
    },
  }
}
