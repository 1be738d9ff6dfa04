import { BarkeepError } from '@barkeep/core'
import type { Store } from '../store/store.js'
import type { EntitySet, Property } from './entity-set.js'
import { type EntityRead, pageQuery } from './read-sql.js'

/** Values of an entity, whole numbers as text so that none is rounded. */
export type EntityRow = Readonly<Record<string, string | number | boolean | null>>

/** The entity that a read by key finds. Throws NOT_FOUND. */
export async function findEntity(store: Store, set: EntitySet, read: EntityRead): Promise<EntityRow> {
  const { sql, params } = pageQuery(read, { limit: 1, skip: 0 }, true)
  const [row] = await store.rows<EntityRow>(sql, params)
  if (row !== undefined) return row
  throw new BarkeepError('NOT_FOUND', {
    message: `${set.name} has no entity with this key. Its key is ${set.key.join(', ')}.`,
  })
}

/** An entity as JSON, in the order of the properties. */
export function entityJson(
  row: EntityRow,
  properties: readonly Property[],
  hasLongNumbers: boolean,
  context: string | undefined,
): string {
  const members = properties.map(
    (property) => `${JSON.stringify(property.name)}:${valueJson(row, property, hasLongNumbers)}`,
  )
  if (context !== undefined) members.unshift(`"@odata.context":${JSON.stringify(context)}`)
  return `{${members.join(',')}}`
}

/** One value as JSON; a whole number keeps all its digits. */
export function valueJson(row: EntityRow, { name, type }: Property, hasLongNumbers: boolean): string {
  const value = row[name] ?? null
  if (type === 'Edm.Int64' && value !== null && !hasLongNumbers) return String(value)
  return JSON.stringify(value)
}
