import { nearestName } from '@barkeep/core'
import type { Lookup } from '../store/datasets/dataset-source.js'
import type { Params } from '../store/store.js'
import { wrongOption } from './errors.js'

export type EdmType = 'Edm.String' | 'Edm.Int64' | 'Edm.Double' | 'Edm.Boolean' | 'Edm.Date' | 'Edm.DateTimeOffset'

export interface Property {
  /** A name that OData allows. */
  readonly name: string
  readonly type: EdmType
  readonly nullable: boolean
  /** Its value, over a row of the source `t`. */
  readonly sql: string
  /** Digits of a second; instants only. */
  readonly precision?: number
  /** How a value of text is found faster than by comparing `sql`. */
  readonly lookup?: Lookup
}

/** What rows are ordered by; all terms of a set together tell each row from all others. */
export interface OrderTerm {
  readonly sql: string
  readonly engineType: string
  readonly nullable: boolean
  readonly descending: boolean
}

/** A table as OData shows it. All SQL in it is of this package. */
export interface EntitySet {
  readonly name: string
  readonly properties: readonly Property[]
  /** Names of properties; none where rows are the outcome of an aggregation. */
  readonly key: readonly string[]
  /** What stands behind FROM, with `t` as its name. */
  readonly source: string
  /** Values of placeholders in `source`. */
  readonly params?: Params
  readonly condition?: string
  /** The order in which rows are cheapest to read. */
  readonly order: readonly OrderTerm[]
}

/** Types of the engine in which literals of a type are bound. */
export const edmEngineTypes: Readonly<Record<EdmType, string>> = {
  'Edm.String': 'String',
  'Edm.Int64': 'Int64',
  'Edm.Double': 'Float64',
  'Edm.Boolean': 'Bool',
  'Edm.Date': 'Date32',
  'Edm.DateTimeOffset': "DateTime64(3, 'UTC')",
}

/** The property of a name. Throws INVALID_PARAMETER for the option that names it, with the nearest name. */
export function propertyOf(set: EntitySet, name: string, option: string): Property {
  const property = set.properties.find((one) => one.name === name)
  if (property !== undefined) return property
  const near = nearestName(
    name,
    set.properties.map((one) => one.name),
  )
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`
  throw wrongOption(option, name, `'${name.slice(0, 63)}' is no property of ${set.name}.${hint}`)
}
