import { topicOf } from '@barkeep/core'
import type { SourceOrder } from '../../store/bars/source-order.js'
import type { LiveTelling } from '../live/live-sources.js'
import type { MarketDesk } from './market-desk.js'
import { isUsable, type MarketSource } from './market-sources.js'

/** A connector that may have better bars than those that are kept of some sources and that it was never asked for. */
export interface BetterAsking {
  readonly connector: string
  readonly behind: readonly string[]
}

/**
 * Who may have better bars than those that are kept, the best first. One is the best source that can be asked, for what is kept of
 * worse ones, such as the live bars and a fall-back's. The others are those that tell live, for what they told: a minute
 * that was missed between others shows nowhere as a gap.
 */
export function betterAskings(
  { line: { exchange, interval }, sources }: Pick<MarketDesk, 'line' | 'sources'>,
  order: SourceOrder,
  telling: readonly LiveTelling[],
): BetterAsking[] {
  const canBeAsked = (source: string) => sources.some((one) => one.connector === source && isAble(one))
  const declared = order.of(exchange, interval)
  const place = declared.findIndex(canBeAsked)
  const [best, ...behind] = place === -1 ? [] : declared.slice(place).filter((source) => source !== '*')
  const tellers = telling.filter(({ topic, connector }) => topic === topicOf(interval) && canBeAsked(connector))
  return [
    ...(best === undefined || behind.length === 0 ? [] : [{ connector: best, behind }]),
    ...tellers.map(({ connector }) => ({ connector, behind: [connector] })),
  ]
}

function isAble({ role }: MarketSource): boolean {
  return isUsable({ role }) || role === 'nothing'
}
