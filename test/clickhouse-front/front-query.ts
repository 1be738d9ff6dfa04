import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Session } from 'chdb'
import { arrowBatches, arrowEnd } from '../../packages/server/src/api/formats/arrow-framing.js'
import { toFrontException } from './front-exception.js'
import type { FrontRequest } from './front-request.js'

export interface QueryContext {
  /** Path of the engine's directory. */
  readonly database: string
  readonly bodies: string
  /** Who may ask; the engine itself knows only `default` without a password. */
  readonly user: string
  readonly password: string
  /** A session that is always free, to stop what others run. */
  readonly keeper: Session
  /** Aborts when the asking side has closed the connection. */
  readonly gone: AbortSignal
}

/** Parameters that are no business of the engine here. */
const protocolOnly = ['wait_end_of_query', 'session_id', 'default_format', 'max_query_size']

/** The answer of the engine as a server sends it. Throws FrontException. */
export async function* runQuery(request: FrontRequest, context: QueryContext): AsyncGenerator<Uint8Array> {
  const session = new Session(context.database)
  const stop = () => {
    if (request.settings.get('cancel_http_readonly_queries_on_client_close') === '1' && isRead(request.query))
      context.keeper.query(`KILL QUERY WHERE Settings['log_comment'] = ${quoted(request.queryId)}`)
  }
  context.gone.addEventListener('abort', stop)
  try {
    prepare(session, request)
    yield* run(session, request, context)
  } catch (cause) {
    throw toFrontException(cause)
  } finally {
    context.gone.removeEventListener('abort', stop)
    session.close()
    if (request.bodyPath !== undefined) await rm(request.bodyPath, { force: true })
  }
}

function prepare(session: Session, { queryId, database, params, settings }: FrontRequest): void {
  if (database !== 'default') session.query(`USE \`${database}\``)
  const assignments = [`log_comment = ${quoted(queryId)}`]
  for (const [name, text] of settings) {
    if (!protocolOnly.includes(name)) assignments.push(`${name} = ${quoted(text)}`)
  }
  for (const [name, text] of params) assignments.push(`param_${name} = ${quoted(text)}`)
  // How long a query may be was looked at where it was read; here values stand in one.
  session.query('SET max_query_size = 1000000000')
  session.query(`SET ${assignments.join(', ')}`)
}

async function* run(session: Session, request: FrontRequest, context: QueryContext): AsyncGenerator<Uint8Array> {
  const [, sql = request.query, format = 'TabSeparated'] = /^([\s\S]*)\sFORMAT\s+(\w+)\s*$/.exec(request.query) ?? []
  if (request.bodyPath !== undefined) {
    if (!/\bFROM input\(/.test(sql)) {
      await session.queryAsync(`${request.query}\n${await readFile(request.bodyPath, 'utf8')}`)
      return
    }
    // The engine has no input() in this process: it reads the body from where it was written down.
    const fromFile = sql.replace(
      /\bFROM input\(('(?:[^'\\]|\\.)*')\)/,
      (_, structure: string) => `FROM file(${quoted(request.bodyPath ?? '')}, ${format}, ${structure})`,
    )
    await session.queryAsync(fromFile)
  } else if (!isRead(sql)) {
    const own = `USER ${quoted(context.user)} PASSWORD ${quoted(context.password)}`
    yield (await session.queryAsync(sql.replace(own, "USER 'default' PASSWORD ''"), { format })).bytes()
  } else if (format === 'Parquet') {
    yield* parquet(session, sql, context.bodies)
  } else if (format === 'ArrowStream') {
    yield* oneArrowStream(session, sql)
  } else {
    for await (const chunk of session.queryStream(sql, { format })) yield chunk.raw()
  }
}

/** Chunks of the engine are Arrow streams each; a server sends one: a schema, all batches, one end. */
async function* oneArrowStream(session: Session, sql: string): AsyncGenerator<Uint8Array> {
  let hasSchema = false
  for await (const chunk of session.queryStream(sql, { format: 'ArrowStream' })) {
    const bytes = chunk.raw()
    const batches = arrowBatches(bytes)
    const [first] = batches
    if (!hasSchema)
      yield bytes.subarray(0, first === undefined ? -arrowEnd.byteLength : first.byteOffset - bytes.byteOffset)
    hasSchema = true
    yield* batches
  }
  yield arrowEnd
}

async function* parquet(session: Session, sql: string, bodies: string): AsyncGenerator<Uint8Array> {
  const path = join(bodies, randomUUID())
  try {
    await session.queryAsync(`INSERT INTO FUNCTION file(${quoted(path)}, Parquet) ${sql}`)
    yield* createReadStream(path) as AsyncIterable<Buffer> // without an encoding it gives buffers
  } finally {
    await rm(path, { force: true })
  }
}

function isRead(sql: string): boolean {
  return /^\s*(SELECT|WITH)\b/i.test(sql)
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`
}
