import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Api } from '../context.js'

/**
 * Tags answers that are held whole by a hash of their bytes: right whatever made them, and the same after a restart.
 * A tag that a route has set stays; streams have one only so. Answers 304 where If-None-Match has the tag.
 */
export function tagAnswers(app: Api): void {
  app.addHook('onSend', (request, reply, payload: unknown, done) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead || reply.statusCode !== 200) {
      // What was meant for the answer says nothing of an error.
      if (reply.statusCode >= 400) reply.removeHeader('etag')
      return done()
    }
    if (!reply.hasHeader('etag')) {
      if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return done()
      reply.header('etag', tagOf(payload))
    }
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache')
    if (!matches(request.headers['if-none-match'], String(reply.getHeader('etag')))) return done()
    if (payload instanceof Readable) payload.destroy()
    reply.code(304).removeHeader('content-type').removeHeader('content-length')
    // The framework counts what a HEAD would have sent, except of a stream; it cannot count nothing.
    done(null, request.method === 'HEAD' ? Readable.from([]) : null)
  })
}

export function tagOf(content: string | Buffer): string {
  return `"${hash('sha256', content, 'base64url').slice(0, 22)}"`
}

/**
 * Whether a list of tags, or `*`, has the tag of what is there; undefined where nothing is there. Strong and weak are not
 * told apart: a tag here is a hash of the uncompressed bytes, and only compressing makes it weak.
 */
export function matches(list: string | undefined, tag: string | undefined): boolean {
  if (list === undefined || tag === undefined) return false
  if (list.trim() === '*') return true
  const bare = tag.replace(/^W\//, '')
  return list.split(',').some((one) => one.trim().replace(/^W\//, '') === bare)
}
