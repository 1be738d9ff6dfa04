import { randomUUID } from 'node:crypto'
import type { Params } from '../store.js'
import { paramText } from './param-text.js'

/** Values beyond this travel in the body: servers and proxies refuse long URLs. */
const urlParamsBytesMax = 4_096

export interface BoundQuery {
  readonly query: string
  readonly query_params?: Record<string, unknown>
  readonly http_headers?: Record<string, string>
}

/** A query and its values as the client sends them: values in the URL, or all of it as a form when they are long. */
export function boundQuery(query: string, params: Params): BoundQuery {
  const texts = Object.entries(params).map(([name, value]): [string, string] => [`param_${name}`, paramText(value)])
  if (new URLSearchParams(texts).toString().length <= urlParamsBytesMax) return { query, query_params: { ...params } }
  const boundary = `barkeep-${randomUUID()}`
  const parts = [['query', query], ...texts].map(
    ([name, text]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`,
  )
  return {
    query: `${parts.join('')}--${boundary}--\r\n`,
    http_headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  }
}
