import {
  BarkeepError,
  type ColumnType,
  type Dataset,
  type DatasetColumn,
  invalidParameter,
  nearestName,
} from '@barkeep/core'
import type { InputFormat, Store, TypedColumn } from '../store.js'
import { columnTypeOf, inferredTypeSql, quotedName } from './dataset-column-sql.js'
import { checkDefinition } from './dataset-definition.js'

/** What is told of a dataset that is made from its first body. */
export interface NewDataset extends Pick<Dataset, 'title' | 'key' | 'licence' | 'source'> {
  /** Types of columns by name, or `auto`: what all texts of a column fit. Absent: as the format tells. */
  readonly types?: ColumnTypes
}
export type ColumnTypes = 'auto' | ReadonlyMap<string, ColumnType>

export interface StagedBody {
  readonly table: string
  readonly format: InputFormat
  readonly found: readonly TypedColumn[]
}

/**
 * The definition of a new dataset, out of the body that brings its first rows.
 * Throws MISSING_PARAMETER without a key, INVALID_PARAMETER for a type of a column that the body does not have.
 */
export async function inferDataset(
  store: Store,
  name: string,
  { table, format, found }: StagedBody,
  declare: NewDataset | undefined,
): Promise<Dataset> {
  if (declare === undefined || declare.key.length === 0) {
    const message = `There is no dataset '${name}' yet. Add key= with the columns that tell its rows apart, and it is made.`
    throw new BarkeepError('MISSING_PARAMETER', {
      message,
      errors: [{ code: 'MISSING_PARAMETER', parameter: 'key', message }],
    })
  }
  const { types, ...told } = declare
  requireNames(types, found)
  const looks = found.map(
    ({ name: column }, index) =>
      `${inferredTypeSql(quotedName(column))} AS \`#type${index}\`, countIf(${quotedName(column)} IS NULL) > 0 AS \`#nullable${index}\``,
  )
  const [seen = {}] = await store.rows<Record<string, unknown>>(`SELECT ${looks.join(', ')} FROM ${table}`)
  const columns = found.map(({ name: column, type }, index): DatasetColumn => {
    const formatTells = toldType(format, type)
    const readsText = format === 'CSVWithNames' || (types === 'auto' && formatTells === 'string')
    const inferred = seen[`#type${index}`] as ColumnType // what inferredTypeSql gives
    const named = types === 'auto' ? undefined : types?.get(column)
    return {
      name: column,
      type: named ?? (readsText ? inferred : formatTells),
      nullable: !told.key.includes(column) || Boolean(seen[`#nullable${index}`]),
    }
  })
  const dataset = { ...told, name, columns }
  checkDefinition(dataset)
  return dataset
}

/** Types that are told for a dataset that is there must be those it has. Throws INVALID_PARAMETER, CONFLICT. */
export function requireTypes(types: ColumnTypes | undefined, { name: dataset, columns }: Dataset): void {
  if (types === undefined || types === 'auto') return
  requireNames(types, columns)
  for (const { name, type } of columns) {
    const told = types.get(name) ?? type
    if (told === type) continue
    throw new BarkeepError('CONFLICT', {
      message: `${dataset}: column ${name} is of type ${type}, so it cannot be ${told}. Types are told with the first rows.`,
    })
  }
}

function requireNames(types: ColumnTypes | undefined, columns: readonly { readonly name: string }[]): void {
  if (types === undefined || types === 'auto') return
  const names = columns.map(({ name }) => name)
  for (const name of types.keys()) {
    if (names.includes(name)) continue
    const near = nearestName(name, names)
    throw invalidParameter(
      'types',
      name,
      `'${name}' is no column.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
    )
  }
}

/** CSV leaves open what its text means; the other formats tell it, and JSON has no dates. */
function toldType(format: InputFormat, engineType: string): ColumnType {
  const type = columnTypeOf(engineType) ?? 'string'
  return format === 'JSONEachRow' && (type === 'date' || type === 'instant') ? 'string' : type
}
