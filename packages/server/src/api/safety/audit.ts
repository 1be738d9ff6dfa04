import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { Api } from '../context.js'

/** One write, or what was refused of one, as a line of JSON. */
interface AuditEntry {
  readonly at: string
  readonly request_id: string
  /** The id of a key; `open` where none was needed, `owner` for a command on the same machine, null without a valid one. */
  readonly key: string | null
  readonly address: string
  readonly method: string
  /** The pattern of the route, and the path that was asked for; never its parameters. */
  readonly route: string | null
  readonly path: string
  readonly status: number
  /** False when the connection ended before the answer had left. */
  readonly answered: boolean
  /** Rows written, where the answer tells them. */
  readonly rows: number | null
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Rows that the answer says were written; null where it says nothing of the kind. */
    rowsWritten: number | null
  }
}

const PATH_LENGTH_MAX = 300

/**
 * Writes a line for every request that could change something to `audit.ndjson` in the data directory: when, who, what,
 * how it ended. A file and not a table, so that it also tells what was asked while the store could not be written.
 */
export function auditWrites(app: Api, log: AuditLog, now: () => number): void {
  app.decorateRequest('rowsWritten', null)
  app.addHook('onRequest', (request, reply, done) => {
    const { method } = request
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return done()
    reply.raw.once('close', () => {
      log.write({
        at: new Date(now()).toISOString(),
        request_id: request.id,
        key: request.caller?.id ?? null,
        address: request.ip,
        method,
        route: request.routeOptions.url ?? null,
        path: (request.url.split('?')[0] ?? '').slice(0, PATH_LENGTH_MAX),
        status: reply.raw.statusCode,
        answered: reply.raw.writableFinished,
        rows: request.rowsWritten,
      })
    })
    done()
  })
  app.addHook('preSerialization', (request, _reply, payload: unknown, done) => {
    request.rowsWritten = rowsOf(payload)
    done(null, payload)
  })
}

function rowsOf(payload: unknown): number | null {
  if (typeof payload !== 'object' || payload === null || !('data' in payload)) return null
  const { data } = payload
  if (typeof data !== 'object' || data === null || !('rows' in data)) return null
  return typeof data.rows === 'number' ? data.rows : null
}

export interface AuditLog {
  write(entry: AuditEntry): void
  /** Resolves when all lines are on disk. */
  close(): Promise<void>
}

/** Lines in a file; past `bytesMax` it becomes `audit.1.ndjson`, in place of the one before. */
export function openAuditLog(directory: string, bytesMax: number, logger: Pick<FastifyBaseLogger, 'error'>): AuditLog {
  const path = join(directory, 'audit.ndjson')
  let last: Promise<unknown> = Promise.resolve()
  const append = async (line: string) => {
    const bytes = await stat(path).then(
      ({ size }) => size,
      () => 0,
    )
    if (bytes > 0 && bytes + Buffer.byteLength(line) > bytesMax) await rename(path, join(directory, 'audit.1.ndjson'))
    await appendFile(path, line, { mode: 0o600 })
  }
  return {
    write(entry) {
      const line = `${JSON.stringify(entry)}\n`
      // A full disk must stop nobody from reading; writes to the store fail by themselves then.
      last = last.then(() => append(line)).catch((err) => logger.error({ err }, 'the audit log cannot be written'))
    },
    close: async () => {
      await last
    },
  }
}
