import { createRandom, hashOf, type Random } from '../market/noise.js'
import { type Fault, type FaultOrder, faultOf } from './fault.js'

/** The faults in force; each request meets at most one, the first that strikes. */
export interface FaultPlan {
  set(upstream: string, order: FaultOrder): void
  /** Without an upstream: of all of them. */
  clear(upstream?: string): void
  /** The fault that strikes a request; taking it uses it up by one. */
  take(upstream: string, path: string): Fault | undefined
}

interface Standing {
  readonly upstream: string
  readonly order: FaultOrder
  readonly random: Random
  left: number
}

export function createFaultPlan(): FaultPlan {
  let standing: Standing[] = []
  return {
    set(upstream, order) {
      const times = order.times ?? 'always'
      const left = times === 'always' ? Number.POSITIVE_INFINITY : times
      standing.push({ upstream, order, left, random: createRandom(hashOf('fault', order.seed ?? 0)) })
    },
    clear(upstream) {
      standing = upstream === undefined ? [] : standing.filter((one) => one.upstream !== upstream)
    },
    take(upstream, path) {
      const striking = standing.find((one) => one.left > 0 && one.upstream === upstream && strikes(one, path))
      if (striking === undefined) return undefined
      striking.left--
      return faultOf(striking.order)
    },
  }
}

function strikes({ order: { match, probability = 1 }, random }: Standing, path: string): boolean {
  // `search` starts anew each time even where the pattern is global.
  if (match !== undefined && path.search(match) === -1) return false
  return probability >= 1 || random() < probability
}
