import type { IncomingHttpHeaders } from 'node:http'
import { pipeline, Readable, type Transform } from 'node:stream'
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib'
import type { Config } from '../../config.js'
import type { Api } from '../context.js'
import { isLoopback } from '../safety/security-hosts.js'

/** What is text. Arrow and Parquet are dense already: compressing them costs more time than it saves. */
const compressible =
  /^(?:application\/(?:json|x-ndjson|problem\+json|xml|problem\+xml|javascript)|text\/(?!event-stream))/

// Measured on JSON of bars, one thread: brotli 1 packs 103 MB/s to a sixth, gzip 1 92 MB/s to a fifth; gzip 6 makes
// it a little smaller, at 23 MB/s. A server in the same room is waited for longer then than its network.
const gzipLevel = 1
const brotliQuality = 1

interface Coding {
  readonly whole: (text: string | Buffer) => Promise<Buffer>
  /** What has come is sent on at once: rows that are there must not wait for those that are not. */
  readonly stream: () => Transform
}

const brotliParams = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality }
const codings = {
  br: {
    whole: (text) => promisify(brotliCompress)(text, { params: brotliParams }),
    stream: () => createBrotliCompress({ params: brotliParams, flush: constants.BROTLI_OPERATION_FLUSH }),
  },
  gzip: {
    whole: (text) => promisify(gzip)(text, { level: gzipLevel }),
    stream: () => createGzip({ level: gzipLevel, flush: constants.Z_SYNC_FLUSH }),
  },
} satisfies Record<string, Coding>

/**
 * Compresses text answers of api.compressBytesMin bytes and more, and streams of text, where the caller accepts it. Who is
 * on this machine accepts it by habit only: nothing is won where bytes cross no network, so that is left to
 * api.compressLoopback.
 */
export function compressAnswers(app: Api, config: Config): void {
  const bytesMin = config['api.compressBytesMin']
  app.addHook('onSend', (request, reply, payload: unknown, done) => {
    if (!(config['api.compressLoopback'] || isFromAfar(request.ip, request.headers))) return done()
    const type = String(reply.getHeader('content-type') ?? '')
    if (request.method === 'HEAD' || !compressible.test(type) || reply.hasHeader('content-encoding')) return done()
    const name = chooseCoding(request.headers['accept-encoding'])
    if (name === undefined) return done()
    if (payload instanceof Readable) {
      announce(reply, name)
      // An answer that fails, and a reader who leaves, end both streams; there is nobody left to tell.
      return done(
        null,
        pipeline(payload, codings[name].stream(), () => {}),
      )
    }
    if (!(typeof payload === 'string' || Buffer.isBuffer(payload)) || Buffer.byteLength(payload) < bytesMin)
      return done()
    announce(reply, name)
    codings[name].whole(payload).then((packed) => done(null, packed), done)
  })
}

/** Whether the answer crosses a network; a proxy on this machine says for whom it asks. A closed socket has no address. */
export function isFromAfar(ip: string | undefined, headers: IncomingHttpHeaders): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.via !== undefined)
    return true
  return ip !== undefined && !isLoopback(ip.replace(/^::ffff:/i, ''))
}

interface Headers {
  getHeader(name: string): unknown
  header(name: string, value: string): unknown
  removeHeader(name: string): unknown
}

function announce(reply: Headers, coding: string): void {
  reply.removeHeader('content-length')
  reply.header('content-encoding', coding)
  // A strong tag speaks of bytes, and these are others now.
  const tag = reply.getHeader('etag')
  if (typeof tag === 'string' && !tag.startsWith('W/')) reply.header('etag', `W/${tag}`)
}

/** The accepted coding with the greatest weight; of equals the one that packs better. */
export function chooseCoding(header: string | undefined): keyof typeof codings | undefined {
  if (header === undefined) return undefined
  const weights = new Map(
    header.split(',').map((part) => {
      const [name = '', ...options] = part.split(';').map((text) => text.trim().toLowerCase())
      const weight = options.find((option) => option.startsWith('q='))?.slice('q='.length)
      return [name, weight === undefined ? 1 : Number(weight)] as const
    }),
  )
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0
  const [best] = (['br', 'gzip'] as const)
    .filter((name) => weightOf(name) > 0)
    .sort((a, b) => weightOf(b) - weightOf(a))
  return best
}
