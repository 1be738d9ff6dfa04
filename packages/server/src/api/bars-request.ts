import {
  allBarColumns,
  type BarColumn,
  BarkeepError,
  barColumns,
  baseInterval,
  type Exchange,
  instantOfWallClock,
  intervals,
  invalidParameter,
  isBaseOf,
  keptIntervals,
  parseInstrument,
  parseTimeBound,
  type TimeBound,
} from '@barkeep/core'
import type { Config } from '../config.js'
import type { BarsRead, ExchangePart } from '../store/bars-sql.js'
import type { Catalog } from '../store/catalog.js'
import { notAmong, type QueryParams } from './query-params.js'

export const barsParameters = [
  'instruments',
  'exchange',
  'interval',
  'base',
  'start',
  'end',
  'columns',
  'final',
  'limit',
  'cursor',
  'format',
] as const

const SECONDS_MAX = 4_294_967_295

/** What a bars request asks for, checked. Throws INVALID_PARAMETER and its kin, each naming the parameter. */
export function readBarsRequest(query: QueryParams, catalog: Catalog, config: Config, nowMs: number): BarsRead {
  const wanted = query.required('interval', '1d')
  const interval = intervals.find((candidate) => candidate === wanted)
  if (interval === undefined) throw notAmong('interval', wanted, intervals)
  const base = query.choice('base', keptIntervals) ?? baseInterval(interval)
  if (!isBaseOf(base, interval)) throw invalidParameter('base', base, `bars of ${interval} cannot be made of ${base}.`)

  const limit = query.whole('limit', { min: 1, max: config['api.rowsPerPageMax'] })
  const after = readCursor(query)
  return {
    interval,
    base,
    parts: readParts(query, catalog, config),
    columns: readColumns(query, base !== interval),
    withUnfinished: query.choice('final', ['true', 'any']) === 'any',
    nowSeconds: Math.floor(nowMs / 1_000),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit }),
  }
}

function readColumns(query: QueryParams, derived: boolean): readonly BarColumn[] {
  const names = query.list('columns')
  if (names === undefined) return derived ? [...barColumns, 'partial'] : barColumns
  const columns = names.map((name) => {
    const column = allBarColumns.find((candidate) => candidate === name)
    if (column === undefined) throw notAmong('columns', name, allBarColumns)
    return column
  })
  if (new Set(columns).size !== columns.length)
    throw invalidParameter('columns', names.join(','), 'a column is named twice.')
  return columns
}

function readParts(query: QueryParams, catalog: Catalog, config: Config): ExchangePart[] {
  const start = query.text('start')
  const end = query.text('end')
  const startBound = start === undefined ? undefined : parseTimeBound(start, 'start')
  const endBound = end === undefined ? undefined : parseTimeBound(end, 'end')
  const parts = [...readInstruments(query, catalog, config)].map(([code, ids]) => {
    const exchange = catalog.exchange(code)
    const part = {
      exchange,
      ids,
      startSeconds: startBound === undefined ? 0 : secondsOf(startBound, exchange),
      endSeconds: endBound === undefined ? SECONDS_MAX : secondsOf(endBound, exchange),
    }
    if (part.startSeconds < part.endSeconds) return part
    throw new BarkeepError('INVALID_TIME_WINDOW', {
      message: `start (${start ?? 'the beginning'}) is not before end (${end ?? 'the end of time'}). Windows are half-open.`,
      errors: [
        { code: 'INVALID_TIME_WINDOW', parameter: 'start', value: start ?? '', message: 'start must be before end' },
      ],
    })
  })
  return parts
}

/** A session date stands for the midnight before it at the exchange, so a window of dates holds whole sessions. */
function secondsOf(bound: TimeBound, exchange: Exchange): number {
  const ms = bound.kind === 'instant' ? bound.ms : instantOfWallClock(exchange.timeZone, Date.parse(bound.date))
  return Math.min(Math.max(Math.ceil(ms / 1_000), 0), SECONDS_MAX)
}

/** Numbers of the wanted instruments by exchange. Throws NOT_FOUND for one that is not known. */
function readInstruments(query: QueryParams, catalog: Catalog, config: Config): Map<string, number[]> {
  const names = query.list('instruments')
  const exchange = query.text('exchange')
  if (names !== undefined && exchange !== undefined) {
    const message = 'instruments and exchange exclude each other.'
    throw new BarkeepError('EXCLUSIVE_PARAMETERS', {
      message,
      errors: [{ code: 'EXCLUSIVE_PARAMETERS', parameter: 'exchange', value: exchange, message }],
    })
  }
  const byExchange = new Map<string, number[]>()
  const add = (code: string, id: number) => {
    const ids = byExchange.get(code)
    if (ids === undefined) byExchange.set(code, [id])
    else ids.push(id)
  }
  if (names === undefined) {
    if (exchange !== undefined) catalog.exchange(exchange)
    for (const { id, exchange: code } of catalog.instruments)
      if (exchange === undefined || code === exchange) add(code, id)
    return byExchange
  }
  if (names.length > config['api.instrumentsMax']) {
    throw new BarkeepError('REQUEST_TOO_COMPLEX', {
      message: `${names.length} instruments are named; at most api.instrumentsMax = ${config['api.instrumentsMax']} may be. Leave the parameter out for all.`,
    })
  }
  for (const name of new Set(names)) {
    parseInstrument(name, 'instruments')
    const known = catalog.instrument(name)
    if (known === undefined) throw unknownInstrument(name, catalog)
    add(known.exchange, known.id)
  }
  return byExchange
}

function unknownInstrument(name: string, catalog: Catalog): BarkeepError {
  catalog.exchange(parseInstrument(name, 'instruments').exchange)
  const message = `The instrument '${name}' is not known. GET /v1/instruments lists those that are.`
  return new BarkeepError('NOT_FOUND', {
    message,
    errors: [{ code: 'NOT_FOUND', parameter: 'instruments', value: name, message }],
  })
}

/** Where the last page ended, as text that callers need not understand. */
export function writeCursor(id: number, seconds: number): string {
  return Buffer.from(`${id}.${seconds}`).toString('base64url')
}

function readCursor(query: QueryParams): { id: number; seconds: number } | undefined {
  const text = query.text('cursor')
  if (text === undefined) return undefined
  const match = /^(\d{1,10})\.(\d{1,10})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
  const [id, seconds] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && id <= SECONDS_MAX && seconds <= SECONDS_MAX) return { id, seconds }
  throw invalidParameter('cursor', text, 'is not a cursor of this route. Give back next_cursor as it came.')
}
