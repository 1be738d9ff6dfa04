import { formats, invalidParameter } from '@barkeep/core'
import type { Upload } from './http.js'

/** What can be sent: rows, or a body that is already in the format its content type names. A stream is never retried. */
export type UploadBody = readonly object[] | string | Uint8Array | ReadableStream<Uint8Array>

export interface UploadOptions {
  /** Media type of the body. Rows are sent as JSON unless it names NDJSON; for all else it is required. */
  readonly contentType?: string
  /** The same key makes a repeated request count once. One is made up when absent. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

/** The body and headers of a bulk create. Throws INVALID_PARAMETER. */
export function uploadOf(body: UploadBody, options: UploadOptions): Upload {
  const contentType = options.contentType ?? (isRows(body) ? formats.json : undefined)
  if (contentType === undefined) {
    throw invalidParameter('contentType', '', `name the media type of the body, such as ${formats.csv}.`)
  }
  return {
    // Every Uint8Array but one over shared memory is a body, and that one fetch refuses itself.
    body: isRows(body) ? textOfRows(body, contentType) : (body as BodyInit),
    contentType,
    idempotencyKey: options.idempotencyKey ?? newIdempotencyKey(),
  }
}

function textOfRows(rows: readonly object[], contentType: string): string {
  if (contentType.startsWith(formats.ndjson)) return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  if (contentType.startsWith(formats.json)) return JSON.stringify(rows)
  throw invalidParameter('contentType', contentType, `rows are sent as ${formats.json} or ${formats.ndjson}.`)
}

function isRows(body: UploadBody): body is readonly object[] {
  return Array.isArray(body)
}

/** Browsers offer randomUUID only over https and on localhost, and a server on a LAN is neither. */
function newIdempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
