import type { ColumnType, Dataset } from '@barkeep/core'
import { keptIntervals } from '@barkeep/core'
import type { Catalog } from '../store/catalog.js'
import { quotedName } from '../store/dataset-column-sql.js'
import { type Datasets, rowNumber, type StoredDataset, tableOf } from '../store/datasets.js'
import type { EdmType, EntitySet, Property } from './entity-set.js'

/** All that the service shows: bars of each kept interval, instruments, and every dataset. */
export function entitySets(catalog: Catalog, datasets: Datasets): EntitySet[] {
  const sets = [...keptIntervals.map((interval) => barsSet(interval, catalog)), instrumentsSet]
  // A name that needs no change comes first, so that it never has to yield to one that was changed.
  const byNeed = datasets.all.toSorted((a, b) => Number(a.name.includes('-')) - Number(b.name.includes('-')))
  const names = new Set(sets.map(({ name }) => name))
  return [
    ...sets,
    ...byNeed.map((dataset) => {
      const name = freeName(dataset.name.replaceAll('-', '_'), names)
      return datasetSet(name, dataset)
    }),
  ]
}

const edmTypes: Readonly<Record<ColumnType, EdmType>> = {
  string: 'Edm.String',
  integer: 'Edm.Int64',
  number: 'Edm.Double',
  boolean: 'Edm.Boolean',
  date: 'Edm.Date',
  instant: 'Edm.DateTimeOffset',
}

function datasetSet(name: string, dataset: StoredDataset): EntitySet {
  const names = propertyNames(dataset)
  return {
    name,
    properties: dataset.columns.map((column) => ({
      name: names.get(column.name) ?? column.name,
      type: edmTypes[column.type],
      nullable: column.nullable,
      sql: `t.${quotedName(column.name)}`,
      ...(column.type === 'instant' && { precision: 3 }),
    })),
    key: dataset.key.map((column) => names.get(column) ?? column),
    source: `${tableOf(dataset)} AS t FINAL`,
    order: [{ sql: `t.${rowNumber}`, engineType: 'UInt64', nullable: false, descending: false }],
  }
}

/** Names of columns may hold a few characters that OData's may not, such as ²: they are written `_x00B2_`. */
function propertyNames({ columns }: Dataset): ReadonlyMap<string, string> {
  const needsNone = columns.filter(({ name }) => allowedName(name) === name)
  const taken = new Set<string>()
  const names = new Map<string, string>()
  for (const { name } of [...needsNone, ...columns.filter((column) => !needsNone.includes(column))]) {
    names.set(name, freeName(allowedName(name), taken))
  }
  return names
}

function allowedName(name: string): string {
  return name.replaceAll(
    /[^\p{L}\p{Nl}\p{Nd}_]/gu,
    (character) => `_x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}_`,
  )
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += '_'
  taken.add(name)
  return name
}

const plain = (name: string, type: EdmType, nullable = false): Property => ({ name, type, nullable, sql: `t.${name}` })

/** Bars that are closed. Times in UTC, prices unadjusted, volume in shares. */
function barsSet(interval: string, catalog: Catalog): EntitySet {
  return {
    name: `bars_${interval}`,
    properties: [
      {
        name: 'instrument',
        type: 'Edm.String',
        nullable: false,
        sql: `dictGet('instrument_names', 'instrument', toUInt64(t.instrument))`,
        lookup: { sql: 't.instrument', engineType: 'UInt32', find: (name) => catalog.instrument(name)?.id },
      },
      { ...plain('ts', 'Edm.DateTimeOffset'), precision: 0 },
      plain('open', 'Edm.Double'),
      plain('high', 'Edm.Double'),
      plain('low', 'Edm.Double'),
      plain('close', 'Edm.Double'),
      plain('volume', 'Edm.Int64'),
      plain('turnover', 'Edm.Double', true),
      plain('trades', 'Edm.Int64', true),
      plain('source', 'Edm.String'),
    ],
    key: ['instrument', 'ts'],
    source: `bars_${interval} AS t FINAL`,
    condition: 't.final',
    order: [
      { sql: 't.instrument', engineType: 'UInt32', nullable: false, descending: false },
      { sql: 't.ts', engineType: "DateTime('UTC')", nullable: false, descending: false },
    ],
  }
}

const instrumentsSet: EntitySet = {
  name: 'instruments',
  properties: [
    plain('instrument', 'Edm.String'),
    plain('exchange', 'Edm.String'),
    plain('symbol', 'Edm.String'),
    plain('name', 'Edm.String'),
    plain('kind', 'Edm.String'),
    plain('isin', 'Edm.String', true),
    plain('listed', 'Edm.Date', true),
    plain('delisted', 'Edm.Date', true),
  ],
  key: ['instrument'],
  source: 'instruments AS t FINAL',
  order: [{ sql: 't.id', engineType: 'UInt32', nullable: false, descending: false }],
}
