import {
  type Bar,
  BarkeepError,
  barFault,
  type ErrorDetail,
  type Exchange,
  invalidParameter,
  type LivePosition,
  nearestName,
  type PublishRequest,
  parseInstrument,
  parseTimeBound,
  type SubscribeRequest,
  sessionDateOf,
  sessionOf,
  shorten,
  type Topic,
} from '@barkeep/core'
import { readReplay } from './replay-payload.js'

/** Rows of a bad message that are named in the error; the rest are counted. */
const FAULTS_NAMED_MAX = 100
const barFields = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'trades', 'final']

export interface PayloadLimits {
  readonly instrumentsMax: number
  /** Throws UNKNOWN_EXCHANGE. */
  readonly exchange: (code: string) => Exchange
}

/** The fields of a message. Throws INVALID_PARAMETER, UNKNOWN_PARAMETER. */
export function readFields<Name extends string>(
  payload: unknown,
  names: readonly Name[],
): Readonly<Partial<Record<Name, unknown>>> {
  if (payload === undefined || payload === null) return {} as Partial<Record<Name, unknown>> // it has no fields at all
  if (!isRecord(payload)) throw invalidParameter('payload', shown(payload), 'must be one object.')
  for (const name of Object.keys(payload)) {
    if (names.some((known) => known === name)) continue
    const near = nearestName(name, names)
    const message = `'${shorten(name, 40)}' is not a field here. ${near === undefined ? `Known: ${names.join(', ') || 'none'}.` : `Did you mean '${near}'?`}`
    const errors = [{ code: 'UNKNOWN_PARAMETER', parameter: shorten(name, 40), message } as const]
    throw new BarkeepError('UNKNOWN_PARAMETER', { message, errors })
  }
  return payload as Partial<Record<Name, unknown>> // it has no other fields
}

/** Throws INVALID_PARAMETER, UNKNOWN_PARAMETER, UNKNOWN_EXCHANGE, REQUEST_TOO_COMPLEX. */
export function readSubscribe(
  payload: unknown,
  limits: PayloadLimits,
): Omit<SubscribeRequest, 'replay'> & { readonly replay?: ReturnType<typeof readReplay> } {
  const { instruments, since, replay } = readFields(payload, ['instruments', 'since', 'replay'])
  if (isGiven(since) && isGiven(replay)) {
    throw invalidParameter('since', shown(since), 'a replay has no place in the log; say from where with replay.start.')
  }
  return {
    ...(isGiven(replay) && { replay: readReplay(readFields(replay, ['date', 'start', 'speed'])) }),
    ...(isGiven(instruments) && { instruments: readInstruments('instruments', instruments, limits) }),
    ...(isGiven(since) && { since: readPlace(since) }),
  }
}

/** As `readSubscribe`, and INVALID_ROWS, naming each bar by its index. */
export function readPublish(payload: unknown, topic: Topic, limits: PayloadLimits): PublishRequest {
  const fields = readFields(payload, ['bars', 'source', 'token', 'done', 'expects'])
  const { bars, source, token } = fields
  if (!Array.isArray(bars)) throw invalidParameter('bars', shown(bars), 'must be an array of bars; it may be empty.')
  if (isGiven(source) && !(typeof source === 'string' && /^[\w.:-]{1,64}$/.test(source))) {
    throw invalidParameter('source', shown(source), 'must have 1 to 64 letters, digits, and of _ . : -')
  }
  if (isGiven(token) && !(typeof token === 'number' && Number.isSafeInteger(token))) {
    throw invalidParameter('token', shown(token), 'must be the token that the lease came with.')
  }
  return {
    bars: readBars(bars, topic, limits),
    ...(isGiven(source) && { source: String(source) }),
    ...(isGiven(token) && { token: Number(token) }),
    ...readPromise(fields, limits),
  }
}

/** What a publisher says about what is complete. Throws INVALID_PARAMETER, UNKNOWN_EXCHANGE, REQUEST_TOO_COMPLEX. */
export function readPromise(
  { done, expects }: { readonly done?: unknown; readonly expects?: unknown },
  limits: PayloadLimits,
): Pick<PublishRequest, 'done' | 'expects'> {
  if (isGiven(done) && (typeof done !== 'string' || parseTimeBound(done, 'done').kind !== 'instant')) {
    throw invalidParameter('done', shown(done), 'must be the start of a bar, such as 2026-11-20T01:00:00Z.')
  }
  return {
    ...(isGiven(done) && { done: String(done) }),
    ...(isGiven(expects) && { expects: readInstruments('expects', expects, limits) }),
  }
}

/** Throws INVALID_PARAMETER, UNKNOWN_EXCHANGE, REQUEST_TOO_COMPLEX. */
export function readInstruments(name: string, value: unknown, { instrumentsMax, exchange }: PayloadLimits): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidParameter(name, shown(value), 'must be an array of instruments; leave it out for all.')
  }
  if (value.length > instrumentsMax) {
    throw new BarkeepError('REQUEST_TOO_COMPLEX', {
      message: `${name} names ${value.length} instruments; at most api.instrumentsMax = ${instrumentsMax} may be. Leave it out for all.`,
    })
  }
  for (const each of value) exchange(parseInstrument(typeof each === 'string' ? each : shown(each), name).exchange)
  return [...new Set<string>(value)] // each was found to be text
}

function readPlace(value: unknown): LivePosition {
  const { epoch, seq } = readFields(value, ['epoch', 'seq'])
  if (
    typeof epoch === 'string' &&
    epoch.length <= 64 &&
    typeof seq === 'number' &&
    Number.isSafeInteger(seq) &&
    seq >= 0
  ) {
    return { epoch, seq }
  }
  throw invalidParameter('since', shown(value), 'must be {epoch, seq} as a message carried them.')
}

type PublishedBar = PublishRequest['bars'][number]

function readBars(values: readonly unknown[], topic: Topic, limits: PayloadLimits): PublishedBar[] {
  const bars: PublishedBar[] = []
  const faults: ErrorDetail[] = []
  const keys = new Set<string>()
  // Bars of a message have few starts between them.
  const starts = new Map<string, Fault | undefined>()
  let total = 0
  for (const [index, value] of values.entries()) {
    const read = readBar(value, topic, limits, starts)
    if ('bar' in read && !keys.has(`${read.bar.instrument} ${Date.parse(read.bar.ts)}`)) {
      keys.add(`${read.bar.instrument} ${Date.parse(read.bar.ts)}`)
      bars.push(read.bar)
      continue
    }
    total += 1
    const { field, message } =
      'bar' in read ? { field: 'ts', message: 'the message has two bars of this instrument at this ts' } : read
    if (faults.length < FAULTS_NAMED_MAX) faults.push({ code: 'INVALID_ROWS', resource: 'bars', field, index, message })
  }
  const [first] = faults
  if (first === undefined) return bars
  const more = total > 1 ? `, and ${total - 1} more` : ''
  const message = `Nothing was written: row ${first.index}: ${first.message}${more}.`
  throw new BarkeepError('INVALID_ROWS', { message, errors: faults })
}

interface Fault {
  readonly field: string
  readonly message: string
}

function readBar(
  value: unknown,
  topic: Topic,
  limits: PayloadLimits,
  starts: Map<string, Fault | undefined>,
): { readonly bar: PublishedBar } | Fault {
  if (!isRecord(value)) return { field: 'bars', message: 'a bar must be one object' }
  const unknownField = Object.keys(value).find((name) => !barFields.includes(name))
  if (unknownField !== undefined) return { field: shorten(unknownField, 40), message: 'a bar has no such field' }
  const { instrument, ts, final = true } = value
  if (typeof instrument !== 'string') return { field: 'instrument', message: 'instrument is missing' }
  if (typeof ts !== 'string') return { field: 'ts', message: 'ts is missing' }
  if (typeof final !== 'boolean') return { field: 'final', message: 'final must be true or false' }
  for (const name of ['open', 'high', 'low', 'close', 'volume'] as const) {
    if (typeof value[name] !== 'number') return { field: name, message: `${name} is missing or not a number` }
  }
  for (const name of ['turnover', 'trades'] as const) {
    if (isGiven(value[name]) && typeof value[name] !== 'number')
      return { field: name, message: `${name} is not a number` }
  }
  const { turnover = null, trades = null } = value
  const bar = { ...(value as unknown as Bar), turnover, trades, final } as PublishedBar // its fields were looked at above
  const fault = barFault(bar)
  if (fault !== undefined)
    return { field: fault.startsWith('a price') ? 'open' : (fault.split(' ')[0] ?? ''), message: fault }
  if ((bar.trades ?? 0) > 4_294_967_295) return { field: 'trades', message: 'trades is larger than 4294967295' }
  if (!Number.isSafeInteger(bar.volume)) return { field: 'volume', message: 'volume is too large' }
  return placeFault(bar, topic, limits, starts) ?? { bar }
}

/** Whether a bar is one of a known exchange and starts where bars of its topic start. Throws UNKNOWN_EXCHANGE. */
function placeFault(
  { instrument, ts }: Bar,
  topic: Topic,
  { exchange: exchangeOf }: PayloadLimits,
  starts: Map<string, Fault | undefined>,
): Fault | undefined {
  const parsed = orFault('instrument', () => exchangeOf(parseInstrument(instrument).exchange))
  if ('field' in parsed) return parsed
  const key = `${parsed.value.code} ${ts}`
  if (!starts.has(key)) starts.set(key, startFault(ts, topic, parsed.value))
  return starts.get(key)
}

function startFault(ts: string, topic: Topic, exchange: Exchange): Fault | undefined {
  const parsed = orFault('ts', () => parseTimeBound(ts, 'ts'))
  if ('field' in parsed) return parsed
  if (parsed.value.kind === 'date') {
    return { field: 'ts', message: 'ts is a date; give the instant at which the bar starts' }
  }
  const { ms } = parsed.value
  if (topic !== 'kday')
    return ms % 60_000 === 0 ? undefined : { field: 'ts', message: 'a bar starts on a whole minute' }
  const { openMs } = sessionOf(exchange, sessionDateOf(exchange, ms))
  return ms === openMs ? undefined : { field: 'ts', message: 'a day bar starts at the open of its session' }
}

/** Throws UNKNOWN_EXCHANGE: that is no fault of one row. */
function orFault<Value>(field: string, read: () => Value): { readonly value: Value } | Fault {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof BarkeepError) || error.code === 'UNKNOWN_EXCHANGE') throw error
    return { field, message: error.message }
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function shown(value: unknown): string {
  return shorten(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'), 60)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}
