import { type HandlerContext, type Instrument, parseInstrument, type UpstreamPage, upstreamError } from '@barkeep/core'
import { listOf, readJson, recordOf, type UnknownRecord } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'
import { parseCell } from '../taiwan/cells.js'

export const base = 'http://127.0.0.1:8080/api/v1'
/** How long it wants to be left alone when it says that there were too many questions. */
const RATE_PAUSE_MS = 60_000

type Asking = Pick<HandlerContext, 'fetch' | 'credential'>

/**
 * The JSON of a question. A key is wanted only where the server is not on this machine; it goes into a header.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_UNAUTHORIZED, UPSTREAM_REFUSED, UPSTREAM_FAILED.
 */
export async function ask(context: Asking, path: string, body?: object): Promise<unknown> {
  const page = await context.fetch({
    url: `${base}${path}`,
    ...(body !== undefined && { method: 'POST' as const, body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
    secretHeaders: secretsOf(context),
  })
  if (page.status !== 200) throw refused(page)
  return readJson(page)
}

/** What an answer with an error status means: 503 with these words is a limit, and needs no new login of ours. */
export function refused(page: UpstreamPage): Error {
  if (page.status !== 503 || !page.text().includes('操作異常')) return refusalOf(page)
  return upstreamError('UPSTREAM_RATE_LIMITED', `Shioaji says 503: ${excerptOf(page.text())}`, {
    afterMs: RATE_PAUSE_MS,
  })
}

export function secretsOf(context: Pick<HandlerContext, 'credential'>): Readonly<Record<string, string>> {
  const key = keyOf(context)
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}

/** Its exchanges, where TPEx is over the counter. */
const exchanges: Readonly<Record<string, string>> = { TWSE: 'TSE', TPEX: 'OTC' }

/** A stock or fund as it is named in questions. */
export function contractOf(instrument: Instrument['instrument']): UnknownRecord {
  const { exchange, symbol } = parseInstrument(instrument)
  return { security_type: 'STK', exchange: exchanges[exchange] ?? '', code: symbol }
}

/**
 * Rows out of columns that stand beside each other. Throws UPSTREAM_CHANGED where one is missing or of another length: its
 * values may have shifted.
 */
export function rowsOf(answer: unknown, what: string, names: readonly string[]): readonly UnknownRecord[] {
  const told = recordOf(answer, what)
  const columns = names.map((name) => listOf(told[name], `'${name}' of ${what}`))
  const length = columns[0]?.length ?? 0
  if (columns.some((column) => column.length !== length)) {
    throw upstreamError('UPSTREAM_CHANGED', `${what} has columns of different lengths.`)
  }
  return Array.from({ length }, (_, row) =>
    Object.fromEntries(names.map((name, index) => [name, columns[index]?.[row]])),
  )
}

/** A number that may be written as a text. */
export function numberOf(value: unknown): number | null | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? parseCell(value) : value === null ? null : undefined
}

function keyOf(context: Pick<HandlerContext, 'credential'>): string | undefined {
  try {
    return context.credential('token')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'CREDENTIAL_MISSING'
}
