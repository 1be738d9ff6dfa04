import { type AbsenceReason, type Exchange, upstreamError } from '@barkeep/core'
import { isRecord, listOf, recordOf, textOf, type UnknownRecord } from '../read-json.js'
import { readChartResult } from './answer.js'

/** One entry of a chart as it stands there: split-adjusted prices of Yahoo's unit, null where there is none. */
export interface ChartRow {
  readonly ms: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volume: number | null
}

export interface Chart {
  readonly rows: readonly ChartRow[]
  /** New shares for one old share. */
  readonly splits: readonly { readonly ms: number; readonly ratio: number }[]
  /** Money a share as Yahoo has it: adjusted for the splits after it, in Yahoo's unit. */
  readonly dividends: readonly { readonly ms: number; readonly amount: number }[]
  /** Units of Yahoo in one unit of the exchange's currency: 100 where it quotes pence. */
  readonly unitsPerCurrency: number
  /** Decimals of a price in Yahoo's unit. */
  readonly priceHint: number
}

/** Currencies of which Yahoo quotes the hundredth part. */
const hundredths: Readonly<Record<string, string>> = { GBp: 'GBP', ZAc: 'ZAR', ILA: 'ILS' }

/**
 * A chart of the v8 API. Throws UPSTREAM_CHANGED when it is of another symbol, granularity, time zone or currency than was
 * asked for, or when its columns have different lengths. Source: our notes on upstreams, 3.1.
 */
export function parseChart(
  body: unknown,
  asked: { readonly symbol: string; readonly granularities: readonly string[]; readonly exchange: Exchange },
): Chart | AbsenceReason {
  const result = readChartResult(body)
  if (typeof result === 'string') return result
  const meta = recordOf(result.meta, "'meta' of a chart")
  expectOne('symbol', textOf(meta.symbol).toUpperCase(), [asked.symbol.toUpperCase()])
  expectOne('dataGranularity', textOf(meta.dataGranularity), asked.granularities)
  expectOne('exchangeTimezoneName', textOf(meta.exchangeTimezoneName), [asked.exchange.timeZone])
  const unit = textOf(meta.currency)
  expectOne('currency', hundredths[unit] ?? unit, [asked.exchange.currency])
  const events = isRecord(result.events) ? result.events : {}
  return {
    rows: rowsOf(result),
    splits: eventsOf(events.splits, 'splits').map((event) => ({
      ms: numberAt(event, 'date') * 1000,
      ratio: numberAt(event, 'numerator') / numberAt(event, 'denominator'),
    })),
    dividends: eventsOf(events.dividends, 'dividends').map((event) => ({
      ms: numberAt(event, 'date') * 1000,
      amount: numberAt(event, 'amount'),
    })),
    unitsPerCurrency: unit in hundredths ? 100 : 1,
    priceHint: typeof meta.priceHint === 'number' ? meta.priceHint : 2,
  }
}

/** No key `timestamp` means that the window is empty, but only where there are no quotes that lack their times. */
function rowsOf(result: UnknownRecord): ChartRow[] {
  const indicators = recordOf(result.indicators, "'indicators' of a chart")
  const quote = recordOf(listOf(indicators.quote, "'quote' of a chart")[0], "'quote[0]' of a chart")
  if (result.timestamp === undefined && Object.keys(quote).length === 0) return []
  const timestamps = listOf(result.timestamp, "'timestamp' of a chart")
  const column = (name: string): readonly unknown[] => {
    const values = listOf(quote[name], `'${name}' of a chart`)
    if (values.length !== timestamps.length) {
      throw upstreamError(
        'UPSTREAM_CHANGED',
        `Yahoo: '${name}' has ${values.length} values, but there are ${timestamps.length} timestamps.`,
      )
    }
    return values
  }
  const [open, high, low, close, volume] = ['open', 'high', 'low', 'close', 'volume'].map(column)
  return timestamps.map((seconds, index) => {
    if (typeof seconds !== 'number') throw upstreamError('UPSTREAM_CHANGED', `Yahoo: '${seconds}' is no timestamp.`)
    return {
      ms: seconds * 1000,
      open: numberOrNull(open?.[index]),
      high: numberOrNull(high?.[index]),
      low: numberOrNull(low?.[index]),
      close: numberOrNull(close?.[index]),
      volume: numberOrNull(volume?.[index]),
    }
  })
}

/** Events come as an object whose keys are instants. */
function eventsOf(events: unknown, what: string): UnknownRecord[] {
  if (events === undefined) return []
  return Object.values(recordOf(events, `'${what}' of a chart`)).map((event) => recordOf(event, `one of '${what}'`))
}

function numberAt(event: UnknownRecord, key: string): number {
  const value = event[key]
  if (typeof value === 'number' && value > 0) return value
  throw upstreamError('UPSTREAM_CHANGED', `Yahoo: '${key}' of an event is '${textOf(value)}', not a positive number.`)
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

function expectOne(name: string, told: string, wanted: readonly string[]): void {
  if (wanted.includes(told)) return
  throw upstreamError('UPSTREAM_CHANGED', `Yahoo was asked for ${name} ${wanted.join(' or ')}, but answers '${told}'.`)
}
