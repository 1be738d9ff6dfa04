import { BarkeepError, type LiveContext, type LiveMessages, type UpstreamRequest, upstreamError } from '@barkeep/core'
import WebSocket from 'ws'
import { type Account, type ConnectorSetup, limitsAt } from '../connector-setup.js'
import { eventData } from '../event-data.js'
import type { Clock } from '../limiter/clock.js'
import type { Limiter } from '../limiter/limiter.js'
import { createUpstreamFetch, pageOf, sentUrl, userAgent } from '../upstream-fetch.js'
import { LiveInbox } from './live-inbox.js'

/** One message of a stream; the longest of those known has a few thousand characters. */
const MESSAGE_BYTES_MAX = 1_048_576

export interface LiveContextParts {
  readonly setup: ConnectorSetup
  readonly account: Account
  readonly limiter: Limiter
  readonly clock: Clock
  readonly timeoutMs: number
  readonly pageBytesMax: number
  readonly silenceMs: number
  /** Closes all that was opened. */
  readonly signal: AbortSignal
}

/** What one run of a live source sees. Opening counts against the limits like any request; what then comes does not. */
export function createLiveContext(parts: LiveContextParts): LiveContext {
  const { setup, account, limiter, clock, timeoutMs, pageBytesMax, silenceMs, signal } = parts
  const { connector, baseUrl } = setup
  const { limits } = account
  const fetchPage = createUpstreamFetch(connector, { baseUrl, timeoutMs, pageBytesMax, limits }, limiter, clock.now)

  /** Holds a slot until the connection stands or does not. */
  async function opened<Result>(url: string, open: (given: AbortSignal) => Promise<Result>): Promise<Result> {
    const slot = await limiter.acquire(limitsAt(limits, url), { signal })
    try {
      return await open(AbortSignal.any([signal, slot.signal, AbortSignal.timeout(timeoutMs)]))
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      if (cause instanceof BarkeepError) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      throw upstreamError('UPSTREAM_UNREACHABLE', `${connector.id}: no connection to ${new URL(url).host}: ${why}`, {
        cause,
      })
    } finally {
      await slot.release({ bytes: 0 })
    }
  }

  return {
    now: clock.now,
    fetch: (request) => fetchPage(request, signal),
    credential(name) {
      const value = account.credentials[name]
      if (value !== undefined && value !== '') return value
      throw new BarkeepError('CREDENTIAL_MISSING', {
        message: `${connector.id} needs the credential '${name}'. Set connectors.${connector.id}.credentials.${name}.`,
      })
    },

    connect: (request, refused) =>
      opened(request.url, async (given) => {
        const inbox = new LiveInbox(clock, silenceMs)
        const socket = new WebSocket(socketUrl(request, baseUrl), {
          headers: headersOf(request),
          maxPayload: MESSAGE_BYTES_MAX,
          perMessageDeflate: false,
        })
        const drop = () => socket.terminate()
        signal.addEventListener('abort', drop, { once: true })
        socket.on('message', (data) => inbox.add(String(data)))
        socket.on('ping', () => inbox.alive())
        socket.on('close', (code) => {
          signal.removeEventListener('abort', drop)
          inbox.end(ended(connector.id, `closed with ${code}`))
        })
        await new Promise<void>((resolve, reject) => {
          given.addEventListener('abort', () => reject(given.reason), { once: true })
          socket.once('open', resolve)
          socket.on('error', reject)
          socket.once('unexpected-response', (_request, response) => {
            const parts: Buffer[] = []
            response.on('data', (part: Buffer) => parts.push(part))
            response.once('close', () => {
              const headers = Object.fromEntries(
                Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
              )
              const body = Buffer.concat(parts)
              reject(refused(pageOf(request.url, response.statusCode ?? 0, headers, body, clock.now())))
            })
          })
        }).catch((error: unknown) => {
          socket.terminate()
          throw error
        })
        return { send: (text) => socket.send(text), messages: inbox.messages(signal) }
      }),

    listen: (request, refused) =>
      opened(request.url, async (given) => {
        // Of the signals of opening only its own may end what was opened.
        const open = new AbortController()
        const giveUp = () => open.abort(given.reason)
        given.addEventListener('abort', giveUp, { once: true })
        const response = await fetch(sentUrl(request, baseUrl), {
          method: request.method ?? 'GET',
          headers: { ...headersOf(request), accept: 'text/event-stream' },
          ...(request.body !== undefined && { body: request.body }),
          redirect: 'manual',
          signal: AbortSignal.any([signal, open.signal]),
        })
        const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
        if (response.status !== 200 || !isStream || response.body === null) {
          const body = new Uint8Array(await response.arrayBuffer())
          throw refused(pageOf(request.url, response.status, Object.fromEntries(response.headers), body, clock.now()))
        }
        given.removeEventListener('abort', giveUp)
        return read(connector.id, response.body, new LiveInbox(clock, silenceMs), signal)
      }),
  }
}

/** Reads on at once, so that what comes while a source still asks for more is not lost. */
function read(id: string, body: AsyncIterable<Uint8Array>, inbox: LiveInbox, signal: AbortSignal): LiveMessages {
  const pump = async () => {
    for await (const data of eventData(body, MESSAGE_BYTES_MAX)) {
      if (data === '') inbox.alive()
      else inbox.add(data)
    }
  }
  pump().then(
    () => inbox.end(ended(id, 'ended')),
    (error: unknown) => inbox.end(ended(id, `broke off: ${error instanceof Error ? error.message : error}`)),
  )
  return inbox.messages(signal)
}

function headersOf({ headers, secretHeaders }: UpstreamRequest): Record<string, string> {
  return { 'user-agent': userAgent, ...headers, ...secretHeaders }
}

/** `baseUrl` is written with http, as it is for pages. */
function socketUrl(request: UpstreamRequest, baseUrl: string): URL {
  return sentUrl(request, baseUrl.replace(/^http/, 'ws'))
}

function ended(id: string, how: string): BarkeepError {
  return upstreamError('UPSTREAM_UNREACHABLE', `${id}: the connection ${how}.`)
}
