import type { Dataset } from '@barkeep/core'
import type { Target } from '../engine/staged-writes.js'
import type { Store } from '../store.js'
import { engineTypes, quotedName, valueSql } from './dataset-column-sql.js'
import { type Datasets, knownAt, rowNumber, type StoredDataset, tableOf } from './datasets.js'

/** Where rows of a body go: beside those that are there, or in place of them all. */
export function targetOf({ id }: StoredDataset, replacesAll: boolean): Target {
  return `${replacesAll ? 'r' : 'd'}${id}`
}

/** Moves committed rows to the dataset that their target names; doing it again does no harm. */
export async function moveRows(store: Store, datasets: Datasets, table: string, target: Target): Promise<void> {
  const dataset = datasets.findById(Number(target.slice(1)))
  // Removed since the rows were committed: they went with it.
  if (dataset === undefined) return
  if (target.startsWith('d')) return store.command(addRowsSql(table, dataset))
  // Readers see the old rows until the exchange, and then the new ones.
  const next = `${tableOf(dataset)}_next`
  await store.command(`DROP TABLE IF EXISTS ${next}`)
  await store.command(`CREATE TABLE ${next} AS ${tableOf(dataset)}`)
  await store.command(
    `INSERT INTO ${next} (${columnList(dataset)}) SELECT ${rowNumber} + 1, ${valueList(dataset, '')}, now64(3) FROM ${table}`,
  )
  await store.command(`EXCHANGE TABLES ${next} AND ${tableOf(dataset)}`)
  await store.command(`DROP TABLE ${next}`)
}

/** A row whose key is known takes the place of the one it has. */
function addRowsSql(table: string, dataset: StoredDataset): string {
  const target = tableOf(dataset)
  const keys = dataset.key.map(quotedName)
  const same = keys.map((key, index) => `old.${key} = new.\`#key${index}\``)
  const newKeys = dataset.key.map((name, index) => `${keyValue(dataset, name)} AS \`#key${index}\``)
  return `INSERT INTO ${target} (${columnList(dataset)})
    SELECT if(old.${rowNumber} = 0, (SELECT max(${rowNumber}) FROM ${target}) + 1 + new.${rowNumber}, old.${rowNumber}), ${valueList(dataset, 'new.')}, now64(3)
    FROM (SELECT *, ${newKeys.join(', ')} FROM ${table}) AS new
    LEFT JOIN (SELECT ${keys.join(', ')}, ${rowNumber} FROM ${target} FINAL
      WHERE (${keys.join(', ')}) IN (SELECT ${keyOf(dataset)} FROM ${table})) AS old ON ${same.join(' AND ')}`
}

/** The values of the key of a staged row, typed. */
export function keyOf(dataset: Dataset): string {
  return dataset.key.map((name) => keyValue(dataset, name)).join(', ')
}

function keyValue(dataset: Dataset, name: string): string {
  const type = dataset.columns.find((column) => column.name === name)?.type ?? 'string'
  return `CAST(assumeNotNull(${valueSql(type, quotedName(name))}), '${engineTypes[type].replaceAll("'", "\\'")}')`
}

function columnList({ columns }: Dataset): string {
  return [rowNumber, ...columns.map(({ name }) => quotedName(name)), knownAt].join(', ')
}

function valueList({ columns }: Dataset, from: string): string {
  const values = columns.map(({ name, type, nullable }) => {
    const value = valueSql(type, `${from}${quotedName(name)}`)
    return nullable ? value : `assumeNotNull(${value})`
  })
  return values.join(', ')
}
