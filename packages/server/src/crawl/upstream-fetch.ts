import { BarkeepError, type Connector, type UpstreamPage, type UpstreamRequest, upstreamError } from '@barkeep/core'
import { type HostLimit, limitsAt } from './connector-setup.js'
import type { Limiter } from './limiter/limiter.js'
import { readPauseMs } from './limiter/rate-headers.js'

export interface UpstreamSettings {
  /** Replaces scheme and host of every request; empty for the upstream itself. */
  readonly baseUrl: string
  readonly timeoutMs: number
  /** Bytes of a page, decompressed, that are held in memory. */
  readonly pageBytesMax: number
  /** Limits of the connector, keyed for the limiter. */
  readonly limits: readonly HostLimit[]
}

/** Asks one upstream for one page, within its limits. */
export type UpstreamFetch = (request: UpstreamRequest, signal: AbortSignal) => Promise<UpstreamPage>

export const userAgent = 'Mozilla/5.0 (compatible; Barkeep; market data for own use)'

/** Redirects are not followed: upstreams show their refusals that way. Throws UPSTREAM_UNREACHABLE when no whole page came. */
export function createUpstreamFetch(
  connector: Pick<Connector, 'id'>,
  { baseUrl, timeoutMs, pageBytesMax, limits }: UpstreamSettings,
  limiter: Limiter,
  now: () => number,
): UpstreamFetch {
  return async (request, signal) => {
    const holding = limitsAt(limits, request.url)
    const slot = await limiter.acquire(holding, { signal })
    let bytes = 0
    try {
      const ends = AbortSignal.any([signal, slot.signal, AbortSignal.timeout(timeoutMs)])
      const response = await fetch(sentUrl(request, baseUrl), {
        method: request.method ?? 'GET',
        headers: { 'user-agent': userAgent, ...request.headers, ...request.secretHeaders },
        ...(request.body !== undefined && { body: request.body }),
        redirect: 'manual',
        signal: ends,
      })
      const body = await readBody(response, pageBytesMax)
      bytes = body.byteLength
      const pauseMs = readPauseMs(response.status, response.headers, now())
      if (pauseMs !== undefined) await Promise.all(holding.map(({ key }) => limiter.pause(key, pauseMs)))
      return pageOf(request.url, response.status, Object.fromEntries(response.headers), body, now())
    } catch (cause) {
      if (signal.aborted) throw signal.reason
      throw unreachable(connector, request, cause)
    } finally {
      await slot.release({ bytes })
    }
  }
}

/** A page as handlers see it. */
export function pageOf(
  url: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  receivedAtMs: number,
): UpstreamPage {
  return {
    url,
    status,
    headers,
    body,
    receivedAtMs,
    text: (encoding = 'utf-8') => new TextDecoder(encoding).decode(body),
  }
}

/** The address that is asked in truth: with the secret parameters, and at `baseUrl` where there is one. */
export function sentUrl({ url, secretParams = {} }: UpstreamRequest, baseUrl: string): URL {
  const sent = new URL(url)
  for (const [name, value] of Object.entries(secretParams)) sent.searchParams.set(name, value)
  return baseUrl === '' ? sent : new URL(`${baseUrl.replace(/\/+$/, '')}${sent.pathname}${sent.search}`)
}

async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > bytesMax) {
      throw upstreamError('UPSTREAM_CHANGED', `A page is larger than crawl.pageBytesMax = ${bytesMax} bytes.`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function unreachable({ id }: Pick<Connector, 'id'>, { url }: UpstreamRequest, cause: unknown): unknown {
  if (cause instanceof BarkeepError) return cause
  const { host } = new URL(url)
  const why =
    cause instanceof Error
      ? [cause.message, (cause.cause as Error | undefined)?.message].filter(Boolean).join(': ')
      : ''
  return upstreamError('UPSTREAM_UNREACHABLE', `${id}: no whole page came from ${host}: ${why}`, { cause })
}
