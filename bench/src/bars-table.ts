import { readFileSync } from 'node:fs'

const migration = new URL('../../packages/server/migrations/0001-bars.sql', import.meta.url)

/** The statement that makes the server's table of minute bars, under another name. */
export function barsTable(name: string): string {
  const statement = /CREATE TABLE IF NOT EXISTS bars_1m\s.*?;/s.exec(readFileSync(migration, 'utf8'))?.[0]
  if (statement === undefined) throw new Error('0001-bars.sql has no table bars_1m any more.')
  return statement.replace('bars_1m', name).replace(/;$/, '')
}

/**
 * All bars of a table as the server answers them, in its order. `where` speaks of the table's own columns;
 * an alias `ts` beside them would hide the key from the engine.
 */
export function barsQuery(table: string, where = '1'): string {
  return `SELECT instrument, toDateTime64(start, 3, 'UTC') AS ts, toFloat64(open) AS open, toFloat64(high) AS high, toFloat64(low) AS low, toFloat64(close) AS close,
      volume, turnover, trades
    FROM (SELECT instrument, ts AS start, open, high, low, close, volume, turnover, trades, final FROM ${table} FINAL WHERE ${where}) AS bar
    WHERE final ORDER BY bar.instrument, bar.start`
}
