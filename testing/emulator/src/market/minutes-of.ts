import { tpexTruthOf } from '../tpex/tpex-truth.js'
import type { Truth, TruthMinute } from './truth.js'

/** Sessions of securities; who streams asks for the same ones again and again. */
const SESSIONS_CACHED_MAX = 2_000

const cached = new WeakMap<Truth, Map<string, readonly TruthMinute[]>>()

/** The minutes of a security of either exchange, which share no codes. */
export function minutesOf(truth: Truth, symbol: string, date: string): readonly TruthMinute[] {
  const known = cached.get(truth) ?? new Map<string, readonly TruthMinute[]>()
  cached.set(truth, known)
  const key = `${symbol} ${date}`
  const minutes = known.get(key) ?? marketOf(truth, symbol).minutes(symbol, date)
  if (known.size >= SESSIONS_CACHED_MAX) known.clear()
  known.set(key, minutes)
  return minutes
}

function marketOf(truth: Truth, symbol: string): Truth {
  const other = tpexTruthOf(truth)
  return other.listing(symbol) === undefined ? truth : other.market
}
