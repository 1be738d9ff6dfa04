import { BarkeepError, type KeptInterval, keptIntervals, shorten } from '@barkeep/core'
import type { Param } from '../store.js'

/** Which source is kept where several tell the same bar: by exchange and interval, the best first. */
export class SourceOrder {
  readonly #declared: Declared

  constructor(declared: Declared = new Map()) {
    this.#declared = declared
  }

  /** Exchanges that have an order. */
  get exchanges(): readonly string[] {
    return [...this.#declared.keys()]
  }

  /** The order as it was declared; empty where none was: then each is as good as the others, and the latest is kept. */
  of(exchange: string, interval: KeptInterval): readonly string[] {
    return this.#declared.get(exchange)?.get(interval) ?? []
  }

  /**
   * The place of a source as SQL, the lower the better: of those that are not named, the place of `*`, or behind all.
   * `source` and `instrument` are columns; values are added to `params`.
   */
  rankSql(interval: KeptInterval, source: string, instrument: string, params: Record<string, Param>): string {
    const cases = this.exchanges.flatMap((exchange, index) => {
      const order = this.of(exchange, interval)
      if (order.length === 0) return []
      const star = order.indexOf(anySource)
      const others = star === -1 ? order.length : star
      params[`rankedAt${index}`] = exchange
      params[`ranked${index}`] = [...order]
      const place = `toInt32(indexOf({ranked${index}:Array(String)}, ${source})) - 1`
      return [
        `${exchangeSql(instrument)} = {rankedAt${index}:String}, if(has({ranked${index}:Array(String)}, ${source}), ${place}, ${others})`,
      ]
    })
    return cases.length === 0 ? '0' : `multiIf(${cases.join(', ')}, 0)`
  }
}

type Declared = ReadonlyMap<string, ReadonlyMap<KeptInterval, readonly string[]>>

/** Stands in an order for all sources that it does not name. */
const anySource = '*'
const sourceShape = /^(\*|[\w.:-]{1,64})$/

/**
 * The setting `sources`: `{"TWSE": {"1d": ["twse", "yahoo"]}, "TPEX": ["tpex", "yahoo"]}`; a list is for all intervals.
 * Throws INVALID_SETTING.
 */
export function readSourceOrder(declared: unknown): SourceOrder {
  if (declared === undefined) return new SourceOrder()
  if (!isRecord(declared)) throw invalid('must be an object of orders by exchange')
  return new SourceOrder(
    new Map(Object.entries(declared).map(([exchange, orders]) => [exchange, readOrders(exchange, orders)])),
  )
}

function readOrders(exchange: string, orders: unknown): ReadonlyMap<KeptInterval, readonly string[]> {
  if (Array.isArray(orders)) {
    const order = readOrder(exchange, orders)
    return new Map(keptIntervals.map((interval) => [interval, order]))
  }
  if (!isRecord(orders)) throw invalid(`'${shorten(exchange, 40)}' must be a list of sources, or lists by interval`)
  return new Map(
    Object.entries(orders).map(([name, order]) => {
      const interval = keptIntervals.find((one) => one === name)
      if (interval === undefined)
        throw invalid(`${exchange}: '${shorten(name, 40)}' is none of ${keptIntervals.join(', ')}`)
      return [interval, readOrder(`${exchange} ${interval}`, order)]
    }),
  )
}

function readOrder(where: string, order: unknown): readonly string[] {
  const isSound =
    Array.isArray(order) &&
    order.length > 0 &&
    new Set(order).size === order.length &&
    order.every((source): source is string => typeof source === 'string' && sourceShape.test(source))
  if (isSound) return order
  throw invalid(
    `${shorten(where, 60)} must name sources, each once, such as ["twse", "yahoo"]; * stands for all others`,
  )
}

function exchangeSql(instrument: string): string {
  return `splitByChar(':', dictGet('instrument_names', 'instrument', toUInt64(${instrument})))[1]`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', { message: `sources in barkeep.config.json: ${message}.` })
}
