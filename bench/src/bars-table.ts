import { readFileSync } from 'node:fs'

const migration = new URL('../../packages/server/migrations/0001-bars.sql', import.meta.url)

/** The statement that makes the server's table of minute bars, under another name. */
export function barsTable(name: string): string {
  const statement = /CREATE TABLE IF NOT EXISTS bars_1m\s.*?;/s.exec(readFileSync(migration, 'utf8'))?.[0]
  if (statement === undefined) throw new Error('0001-bars.sql has no table bars_1m any more.')
  return statement.replace('bars_1m', name).replace(/;$/, '')
}

/** How an instrument and an instant are shown, as SQL. */
export interface Shown {
  readonly instrument: string
  readonly ts: string
}

const name = "dictGet('instrument_names', 'instrument', toUInt64(bar.instrument))"

/** As Arrow has them: the number of the instrument, and milliseconds. */
const inArrow: Shown = { instrument: 'instrument', ts: "toDateTime64(start, 3, 'UTC')" }
export const inText: Shown = { instrument: name, ts: 'start' }
export const inMessages: Shown = { instrument: name, ts: 'toInt64(toUnixTimestamp(start)) * 1000' }

/**
 * All bars of a table as the server answers them, in its order. `where` speaks of the table's own columns;
 * an alias `ts` beside them would hide the key from the engine.
 */
export function barsQuery(table: string, where = '1', { instrument, ts }: Shown = inArrow): string {
  return `SELECT ${instrument} AS instrument, ${ts} AS ts, toFloat64(open) AS open, toFloat64(high) AS high, toFloat64(low) AS low, toFloat64(close) AS close,
      volume, turnover, trades
    FROM (SELECT instrument, ts AS start, open, high, low, close, volume, turnover, trades, final FROM ${table} FINAL WHERE ${where}) AS bar
    WHERE final ORDER BY bar.instrument, bar.start`
}
