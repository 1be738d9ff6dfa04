import type { ColumnType, Dataset } from '@barkeep/core'
import type { RowSource } from '../store/datasets/dataset-source.js'
import type { DatasetSources } from '../store/datasets/dataset-sources.js'
import type { EdmType, EntitySet } from './entity-set.js'

/** All that the service shows: every dataset, also those that the store keeps itself. */
export function entitySets(sources: DatasetSources): EntitySet[] {
  // A name that needs no change comes first, so that it never has to yield to one that was changed.
  const needsChange = ({ dataset }: RowSource) => Number(dataset.name.includes('-'))
  const byNeed = sources.all.toSorted((a, b) => needsChange(a) - needsChange(b))
  const names = new Set<string>()
  return byNeed.map((source) => sourceSet(freeName(source.dataset.name.replaceAll('-', '_'), names), source))
}

const edmTypes: Readonly<Record<ColumnType, EdmType>> = {
  string: 'Edm.String',
  integer: 'Edm.Int64',
  number: 'Edm.Double',
  boolean: 'Edm.Boolean',
  date: 'Edm.Date',
  instant: 'Edm.DateTimeOffset',
}

const instantDigits = 3

function sourceSet(name: string, { dataset, columns, from, params, condition, order }: RowSource): EntitySet {
  const names = propertyNames(dataset)
  return {
    name,
    properties: dataset.columns.map((column) => {
      const { sql = 'NULL', precision = instantDigits, lookup } = columns.get(column.name) ?? {}
      return {
        name: names.get(column.name) ?? column.name,
        type: edmTypes[column.type],
        nullable: column.nullable,
        sql,
        ...(column.type === 'instant' && { precision }),
        ...(lookup !== undefined && { lookup }),
      }
    }),
    key: dataset.key.map((column) => names.get(column) ?? column),
    source: from,
    ...(params !== undefined && { params }),
    ...(condition !== undefined && { condition }),
    order: order.map((term) => ({ ...term, nullable: false, descending: false })),
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
