import type { Api } from '../context.js'

/**
 * `Prefer: return=minimal` on a write: only how it ended, without the report. OData says itself how it answers that.
 * Must come before what looks at the body.
 */
export function answerAsPreferred(app: Api): void {
  app.addHook('onSend', ({ method, headers, routeOptions }, reply, _payload, done) => {
    const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
    const { statusCode } = reply
    if (isRead || statusCode < 200 || statusCode > 299 || routeOptions.url?.startsWith('/odata')) return done()
    // What cannot be asked for again must not be dropped: the answer that makes a key is the only one to tell it.
    if (routeOptions.config.scope === 'admin' || !/\breturn=minimal\b/i.test(String(headers.prefer ?? '')))
      return done()
    reply.removeHeader('content-type').removeHeader('content-length').header('preference-applied', 'return=minimal')
    if (statusCode !== 201) reply.code(204)
    done(null, null)
  })
}
