import type { Params } from '../store.js'
import type { BarFactors } from './adjust-factors.js'

/** Numbers of one value: a server reads none that is longer than 256 KiB. */
const NUMBERS_PER_VALUE_MAX = 10_000

/** Instants at which something begins for an instrument, in the order of instruments and instants. */
export type Slots = Pick<BarFactors, 'ids' | 'sinces'>

/** Binds slots and gives the SQL of the one that a bar falls into: of its instrument, at its time or last before it. */
export function slotSql(params: Record<string, Params[string]>, { ids, sinces }: Slots, id: string, time: string) {
  const slots = slotsSql(params, { ids, sinces })
  // Not a join: those let the engine sort the bars anew, which come in order as it is.
  return { slots, slot: `roundDown(bitShiftLeft(toUInt64(${id}), 32) + toUnixTimestamp(${time}), ${slots})` }
}

/** The columns `#dividend` and `#shares` of a bar of the columns `instrument` and `ts`, with a comma before each. */
export function factorColumns(params: Record<string, Params[string]>, factors: BarFactors): string {
  const { slots, slot } = slotSql(params, factors, 'instrument', 'ts')
  const factorSql = (name: string, values: readonly number[]) =>
    `transform(\`#slot\`, ${slots}, ${arraySql(params, name, 'Float64', values)}, toFloat64(1)) AS \`#${name}\``
  return `, ${slot} AS \`#slot\`, ${factorSql('dividend', factors.dividends)}, ${factorSql('shares', factors.shares)}`
}

/** Splits divide, since their ratios are round numbers as a rule and what they make of prices is, too. */
export function adjustedPrice(price: string): string {
  return `${price} * \`#dividend\` / \`#shares\``
}

/** Shares are whole, so halves go up. */
export function adjustedVolume(volume: string): string {
  return `toUInt64(floor(${volume} * \`#shares\` + 0.5))`
}

function slotsSql(params: Record<string, Params[string]>, { ids, sinces }: Slots): string {
  const [whose, when] = [arraySql(params, 'slotId', 'UInt32', ids), arraySql(params, 'slotSince', 'UInt32', sinces)]
  return `arrayMap((whose, since) -> bitShiftLeft(toUInt64(whose), 32) + since, ${whose}, ${when})`
}

function arraySql(
  params: Record<string, Params[string]>,
  name: string,
  engineType: string,
  values: readonly number[],
): string {
  const parts = Array.from({ length: Math.ceil(values.length / NUMBERS_PER_VALUE_MAX) }, (_, at) => {
    params[`${name}${at}`] = values.slice(at * NUMBERS_PER_VALUE_MAX, (at + 1) * NUMBERS_PER_VALUE_MAX)
    return `{${name}${at}:Array(${engineType})}`
  })
  return parts.length === 1 ? (parts[0] ?? '[]') : `arrayConcat(${parts.join(', ')})`
}
