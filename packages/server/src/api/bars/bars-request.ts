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
import Type, { type Static } from 'typebox'
import type { Config } from '../../config.js'
import type { AdjustWish } from '../../store/bars/adjust-read.js'
import type { BarsRead, ExchangePart } from '../../store/bars/bars-read.js'
import type { Catalog } from '../../store/catalog.js'
import { rowFormats } from '../formats/rows-answer.js'
import { choice, list, oneOf, querySchema, text, whole } from '../schema/query-schema.js'

/** Parameters of `GET /v1/bars`. */
export function barsQuerySchema(config: Config) {
  return querySchema({
    interval: Type.Enum([...intervals] as const, {
      description: `Kept: ${keptIntervals.join(', ')}. The others are derived on read, anchored to the session open.`,
      examples: ['1d'],
    }),
    base: choice(keptIntervals, 'The kept interval to derive from.'),
    instruments: list('Instruments; leave it out for all.', 'SIM:1001'),
    exchange: text('All instruments of an exchange.', { example: 'SIM' }),
    start: text('First bar start: a session date, or an instant with an offset.', { example: '2026-11-02' }),
    end: text('The same, not included.', { example: '2026-11-21' }),
    columns: list(`Of ${allBarColumns.join(', ')}.`),
    fill: choice(
      ['none', 'previous'],
      'previous gives each bar start of a session without a trade the last close, with source fill:previous.',
    ),
    adjust: choice(
      ['none', 'split', 'all'],
      'split puts prices and volumes on one basis over splits; all puts prices on one over dividends, too. none unless told.',
    ),
    adjust_as_of: text('Session date on whose basis all prices are; that of the latest bar unless told.', {
      example: '2026-11-20',
    }),
    source: text('What this source said, also where the bars of another are kept; the kept bars, unless given.', {
      example: 'yahoo',
      pattern: sourcePattern,
    }),
    final: choice(['true', 'any'], 'any adds bars that may still change.'),
    limit: whole(
      1,
      config['api.rowsPerPageMax'],
      'Rows of a page. JSON always has pages, the other formats only with it.',
    ),
    cursor: text('next_cursor of the page before.'),
    format: choice(rowFormats, 'Instead of an Accept header.'),
  })
}

/** The name of a source of bars. */
export const sourcePattern = '^[\\w.:-]{1,64}$'
export type BarsQuery = Static<ReturnType<typeof barsQuerySchema>>

const SECONDS_MAX = 4_294_967_295

/** What a bars request asks for, checked. Throws INVALID_PARAMETER and its kin, each naming the parameter. */
export function readBarsRequest(query: BarsQuery, catalog: Catalog, config: Config, nowMs: number): BarsRead {
  const { interval, limit } = query
  const base = query.base ?? baseInterval(interval)
  if (!isBaseOf(base, interval)) throw invalidParameter('base', base, `bars of ${interval} cannot be made of ${base}.`)

  const after = readCursor(query.cursor)
  return {
    interval,
    base,
    parts: readParts(query, catalog, config),
    columns: readColumns(query, base !== interval),
    withUnfinished: query.final === 'any',
    fillsPrevious: readFill(query),
    nowSeconds: Math.floor(nowMs / 1_000),
    ...(query.source !== undefined && { source: query.source }),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit }),
  }
}

/** On which basis prices are wanted; undefined for as traded. Throws INVALID_PARAMETER, INCLUSIVE_PARAMETERS. */
export function readAdjustWish({ adjust = 'none', adjust_as_of: asOf }: BarsQuery): AdjustWish | undefined {
  if (asOf !== undefined) {
    if (parseTimeBound(asOf, 'adjust_as_of').kind !== 'date')
      throw invalidParameter('adjust_as_of', asOf, `'${asOf}' is an instant. Name a session date, such as 2026-11-20.`)
    if (adjust === 'none') throw adjustMissing()
  }
  return adjust === 'none' ? undefined : { kinds: adjust, ...(asOf !== undefined && { asOf }) }
}

function adjustMissing(): BarkeepError {
  const message =
    'adjust_as_of says on which basis prices are adjusted. Add adjust=split or adjust=all, or leave it out.'
  return new BarkeepError('INCLUSIVE_PARAMETERS', {
    message,
    errors: [{ code: 'INCLUSIVE_PARAMETERS', parameter: 'adjust_as_of', message }],
  })
}

function readFill({ fill, interval, source }: BarsQuery): boolean {
  if (fill === 'previous' && (interval === '1w' || interval === '1mo')) {
    throw invalidParameter('fill', fill, `bars of ${interval} have no gaps to fill. Ask for 1d or shorter.`)
  }
  if (fill === 'previous' && source !== undefined) {
    throw invalidParameter('fill', fill, 'what one source said is not filled. Leave out source or fill.')
  }
  return fill === 'previous'
}

function readColumns({ columns: names }: BarsQuery, derived: boolean): readonly BarColumn[] {
  if (names === undefined) return derived ? [...barColumns, 'partial'] : barColumns
  const columns = names.map((name) => oneOf('columns', name, allBarColumns))
  if (new Set(columns).size !== columns.length)
    throw invalidParameter('columns', names.join(','), 'a column is named twice.')
  return columns
}

/** Which bars a request is about. */
export type PartsQuery = Pick<BarsQuery, 'instruments' | 'exchange' | 'start' | 'end'>

/** The bars that are asked for, by exchange. Throws NOT_FOUND, UNKNOWN_EXCHANGE, INVALID_TIME_WINDOW and their kin. */
export function readParts(query: PartsQuery, catalog: Catalog, config: Config): ExchangePart[] {
  const { start, end } = query
  const startBound = start === undefined ? undefined : parseTimeBound(start, 'start')
  const endBound = end === undefined ? undefined : parseTimeBound(end, 'end')
  const parts = [...readInstruments(query, catalog, config)].map(([code, ids]) => {
    const exchange = catalog.exchange(code)
    const part = {
      exchange,
      ids,
      marketIds: catalog.idsOf(code),
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
function readInstruments(query: PartsQuery, catalog: Catalog, config: Config): Map<string, number[]> {
  const { instruments: names, exchange } = query
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
    // Where there is none, an empty part still makes an answer with the right columns.
    byExchange.set(catalog.exchange(exchange ?? catalog.exchanges[0]?.code ?? '').code, [])
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

function readCursor(text: string | undefined): { id: number; seconds: number } | undefined {
  if (text === undefined) return undefined
  const match = /^(\d{1,10})\.(\d{1,10})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))
  const [id, seconds] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && id <= SECONDS_MAX && seconds <= SECONDS_MAX) return { id, seconds }
  throw invalidParameter('cursor', text, 'is not a cursor of this route. Give back next_cursor as it came.')
}
