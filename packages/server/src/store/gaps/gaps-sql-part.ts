import type { Exchange, KeptInterval } from '@barkeep/core'
import { secondsBetween } from '../bars/calendar-sql.js'
import type { Params } from '../store.js'
import { dateOfDay, dayNumber, placesOf } from './gaps-sql-places.js'

/** One exchange and interval to look for gaps in. Sessions are called by their place in `sessions`, from 0. */
export interface GapsPart {
  readonly exchange: Exchange
  readonly interval: KeptInterval
  /** Instruments that are looked at, by number. */
  readonly ids: readonly number[]
  /** All of the exchange: only together do they show when a session ended early. */
  readonly marketIds: readonly number[]
  /** Sessions that took place or should have, ascending; at least one. Minutes are counted from midnight at the exchange. */
  readonly sessions: readonly { readonly date: string; readonly openMinute: number; readonly closeMinute: number }[]
  /** Places of which no instrument of the exchange has a bar: one gap of the exchange and none of each instrument. */
  readonly nobody: readonly number[]
  /** Places that tasks were to bring which failed for good: of the whole exchange, and `[from, until)` of instruments. */
  readonly failedForAll: readonly number[]
  readonly failed: readonly { readonly id: number; readonly from: number; readonly until: number }[]
}

/** A placeholder of a part; each part of a query has its own, told apart by their index. */
export function partParam(index: number): (name: keyof ReturnType<typeof partValues>, type: string) => string {
  return (name, type) => `{${name}${index}:${type}}`
}

/** The values of the placeholders of a part. */
export function partParams(part: GapsPart, index: number): Params {
  return Object.fromEntries(Object.entries(partValues(part)).map(([name, value]) => [`${name}${index}`, value]))
}

function partValues({ exchange, ids, marketIds, sessions, nobody, failed, failedForAll }: GapsPart) {
  const dates = sessions.map(({ date }) => dayNumber(date))
  const [first = 0, last = 0] = [dates[0], dates.at(-1)]
  const nobodyHas = new Set(nobody)
  const failedAll = new Set(failedForAll)
  const { from = 0, until = 0 } = secondsBetween(exchange, dateOfDay(first), dateOfDay(last + 1))
  return {
    ids,
    market: marketIds,
    code: exchange.code,
    dates,
    first,
    days: last + 1 - first,
    places: placesOf(dates),
    due: dates.map((_, place) => place).filter((place) => !nobodyHas.has(place)),
    nobody: nobody.filter((place) => !failedAll.has(place)),
    nobodyFailed: nobody.filter((place) => failedAll.has(place)),
    failedAll: failedForAll,
    failedIds: failed.map(({ id }) => id),
    failedFrom: failed.map((one) => one.from),
    failedUntil: failed.map((one) => one.until),
    opens: sessions.map(({ openMinute }) => openMinute),
    closes: sessions.map(({ closeMinute }) => closeMinute),
    from,
    until,
  } as const
}
