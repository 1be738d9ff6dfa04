import type { KeptInterval } from '@barkeep/core'
import type { Catalog } from '../catalog.js'
import { declareBuiltIn, instrumentColumn, orderBy } from './dataset-declare.js'
import type { RowSource } from './dataset-source.js'
import { listSource } from './list-sql.js'

/** Bars that are closed. Times in UTC, prices unadjusted, volume in shares. */
export function barsSource(interval: KeptInterval, catalog: Catalog): RowSource {
  return {
    ...declareBuiltIn(
      { name: `bars_${interval}`, title: `Closed bars of ${interval}`, key: ['instrument', 'ts'] },
      {
        instrument: instrumentColumn(catalog),
        // Arrow and Parquet would show the table's seconds as a bare number.
        ts: { type: 'instant', title: 'Start', columnarSql: "toDateTime64(t.ts, 3, 'UTC')", precision: 0 },
        open: { type: 'number' },
        high: { type: 'number' },
        low: { type: 'number' },
        close: { type: 'number' },
        volume: { type: 'integer', title: 'Shares' },
        turnover: { type: 'number', title: 'Money', nullable: true },
        trades: { type: 'integer', nullable: true },
        source: { type: 'string', title: 'Who told the bar' },
      },
    ),
    from: `bars_${interval} AS t FINAL`,
    condition: 't.final',
    order: [orderBy('instrument', 'UInt32'), orderBy('ts', "DateTime('UTC')")],
    isLarge: true,
  }
}

export const instrumentsSource: RowSource = {
  ...declareBuiltIn(
    { name: 'instruments', title: 'Instruments', key: ['instrument'] },
    {
      instrument: { type: 'string', title: 'EXCHANGE:SYMBOL' },
      exchange: { type: 'string' },
      symbol: { type: 'string' },
      name: { type: 'string' },
      kind: { type: 'string' },
      isin: { type: 'string', title: 'ISIN', nullable: true },
      listed: { type: 'date', nullable: true },
      delisted: { type: 'date', nullable: true },
    },
  ),
  from: 'instruments AS t FINAL',
  order: [orderBy('id', 'UInt32')],
}

/** Those that come with Barkeep stand in no table, so all of them are handed to the query. */
export function exchangesSource(catalog: Catalog): RowSource {
  const { from, params } = listSource(catalog.exchanges)
  const field = (name: string) => `JSONExtractString(t.\`#row\`, '${name}')`
  return {
    ...declareBuiltIn(
      { name: 'exchanges', title: 'Exchanges', key: ['code'] },
      {
        code: { type: 'string', sql: field('code') },
        name: { type: 'string', sql: field('name') },
        mic: { type: 'string', title: 'ISO 10383', nullable: true, sql: `nullIf(${field('mic')}, '')` },
        timeZone: { type: 'string', title: 'IANA time zone', sql: field('timeZone') },
        currency: { type: 'string', title: 'ISO 4217', sql: field('currency') },
        sessions: { type: 'string', title: 'Hours, as JSON', sql: "JSONExtractRaw(t.`#row`, 'sessions')" },
      },
    ),
    from: `${from} AS t`,
    params,
    order: [{ sql: field('code'), engineType: 'String' }],
  }
}

/** Splits and dividends. */
export function adjustmentsSource(catalog: Catalog): RowSource {
  return {
    ...declareBuiltIn(
      { name: 'adjustments', title: 'Splits and dividends', key: ['instrument', 'date', 'kind'] },
      {
        instrument: instrumentColumn(catalog),
        date: { type: 'date', title: 'Session date from which prices are on the new basis' },
        kind: { type: 'string', title: 'split or dividend' },
        value: { type: 'number', title: 'New shares for an old one; money a share of a dividend' },
        source: { type: 'string', title: 'Who told it' },
        known_at: { type: 'instant' },
      },
    ),
    from: 'adjustments AS t FINAL',
    order: [orderBy('instrument', 'UInt32'), orderBy('date', 'Date32'), orderBy('kind', 'String')],
  }
}
