import {
  BarkeepError,
  type ColumnType,
  type Dataset,
  type DatasetColumn,
  type DatasetReport,
  type ErrorDetail,
  nearestName,
} from '@barkeep/core'
import { columnTypeOf, engineTypes, inferredTypeSql, isEmptySql, quotedName, valueSql } from './dataset-column-sql.js'
import {
  checkDefinition,
  checkNames,
  type Datasets,
  knownAt,
  rowNumber,
  type StoredDataset,
  tableOf,
} from './datasets.js'
import type { StagedWrites } from './staged-writes.js'
import { EngineError, type InputFormat, type SpooledBody, type Store, type TypedColumn } from './store.js'

/** What is told of a dataset that is made from its first body. */
export type NewDataset = Pick<Dataset, 'title' | 'key' | 'licence' | 'source'>

export interface DatasetBody {
  readonly name: string
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  readonly bytesMax: number
  /** Needed where the dataset does not exist yet. */
  readonly declare?: NewDataset
}

const FAULTS_NAMED_MAX = 100

/**
 * Writes bodies of rows into datasets, each wholly or not at all. A row with a known key replaces the one it has.
 * Every value is staged as text first, so that one which does not fit its column is named by row and field.
 */
export class DatasetIngest {
  readonly #store: Store
  readonly #datasets: Datasets
  readonly #writes: StagedWrites

  constructor(store: Store, datasets: Datasets, writes: StagedWrites) {
    this.#store = store
    this.#datasets = datasets
    this.#writes = writes
  }

  /**
   * Stores one body, and makes its dataset where that is new. Resolves when the rows can be read.
   * Throws MISSING_PARAMETER for a new dataset without a key, INVALID_BODY, INVALID_ROWS, BODY_TOO_LARGE.
   */
  async store({ name, format, body, bytesMax, declare }: DatasetBody): Promise<DatasetReport> {
    const spooled = await this.#store.spool(body, bytesMax)
    try {
      const found = await readable(() => spooled.describe(format))
      checkNames(
        name,
        found.map((column) => column.name),
      )
      const known = this.#datasets.find(name)
      requireColumns(found, known)
      const staged = (known?.columns ?? found).map((column) => column.name)
      const columns = [`${rowNumber} UInt64`, ...staged.map((column) => `${quotedName(column)} Nullable(String)`)]
      const definition = `(${columns.join(', ')}) ENGINE = MergeTree ORDER BY tuple()`
      return await this.#writes.write(definition, async (table) => {
        await this.#stage(table, spooled, format, found, staged)
        const dataset = known ?? (await this.#infer(table, name, format, found, declare))
        await this.#refuseFaults(table, dataset)
        // Throws CONFLICT when another body has made it meanwhile.
        const stored = known ?? (await this.#datasets.create(dataset))
        const report = {
          dataset: name,
          rows: await this.#count(`SELECT count() AS \`#n\` FROM ${table}`),
          replaced: await this.#countReplaced(table, stored),
          created: known === undefined,
        }
        return { target: `d${stored.id}`, report }
      })
    } finally {
      await spooled.dispose()
    }
  }

  #stage(
    table: string,
    spooled: SpooledBody,
    format: InputFormat,
    found: readonly TypedColumn[],
    staged: readonly string[],
  ): Promise<void> {
    const isText = format === 'JSONEachRow' || format === 'CSVWithNames'
    const structure = found.map(({ name, type }) => `${quotedName(name)} ${isText ? 'Nullable(String)' : type}`)
    const select = staged.map((name) => {
      if (!found.some((column) => column.name === name)) return 'NULL'
      return isText ? quotedName(name) : `toString(${quotedName(name)})`
    })
    return readable(() =>
      spooled.insert({
        table,
        select: `rowNumberInAllBlocks(), ${select.join(', ')}`,
        structure: structure.join(', '),
        format,
        isOrdered: true,
      }),
    )
  }

  /** The definition of a new dataset, out of the body that brings its first rows. */
  async #infer(
    table: string,
    name: string,
    format: InputFormat,
    found: readonly TypedColumn[],
    declare: NewDataset | undefined,
  ): Promise<Dataset> {
    if (declare === undefined || declare.key.length === 0) {
      const message = `There is no dataset '${name}' yet. Add key= with the columns that tell its rows apart, and it is made.`
      throw new BarkeepError('MISSING_PARAMETER', {
        message,
        errors: [{ code: 'MISSING_PARAMETER', parameter: 'key', message }],
      })
    }
    const looks = found.map(
      ({ name: column }, index) =>
        `${inferredTypeSql(quotedName(column))} AS \`#type${index}\`, countIf(${quotedName(column)} IS NULL) > 0 AS \`#nullable${index}\``,
    )
    const [seen = {}] = await this.#store.rows<Record<string, unknown>>(`SELECT ${looks.join(', ')} FROM ${table}`)
    const columns = found.map(({ name: column, type }, index): DatasetColumn => {
      const isKey = declare.key.includes(column)
      const inferred = seen[`#type${index}`] as ColumnType // what inferredTypeSql gives
      return {
        name: column,
        type: format === 'CSVWithNames' ? inferred : toldType(format, type),
        nullable: !isKey || Boolean(seen[`#nullable${index}`]),
      }
    })
    const dataset = { ...declare, name, columns }
    checkDefinition(dataset)
    return dataset
  }

  async #refuseFaults(table: string, dataset: Dataset): Promise<void> {
    const rules = dataset.columns.flatMap(({ name, type, nullable }) => {
      const text = quotedName(name)
      const wrong = `NOT (${isEmptySql(type, text)}) AND ${valueSql(type, text)} IS NULL`
      const rule = [`${wrong}, ('${name}', concat('is no ${type}: ', substring(assumeNotNull(${text}), 1, 40)))`]
      if (!nullable) rule.unshift(`${isEmptySql(type, text)}, ('${name}', 'is missing')`)
      return rule
    })
    const faults = await this.#store.rows<{ row: number; field: string; reason: string; total: number }>(
      `SELECT \`#at\` AS row, \`#fault\`.1 AS field, \`#fault\`.2 AS reason, count() OVER () AS total
       FROM (SELECT ${rowNumber} AS \`#at\`, multiIf(${rules.join(', ')}, ('', '')) AS \`#fault\` FROM ${table})
       WHERE \`#fault\`.1 != '' ORDER BY \`#at\` LIMIT ${FAULTS_NAMED_MAX}`,
    )
    refuse(
      dataset.name,
      faults.map(({ row, field, reason }) => ({ row, field, reason })),
      faults[0]?.total ?? 0,
    )
    const twice = await this.#store.rows<{ '#at': number }>(
      `SELECT max(${rowNumber}) AS \`#at\` FROM ${table} GROUP BY ${keyOf(dataset)} HAVING count() > 1 ORDER BY \`#at\` LIMIT ${FAULTS_NAMED_MAX}`,
    )
    const field = dataset.key.join(',')
    refuse(
      dataset.name,
      twice.map(({ '#at': row }) => ({ row, field, reason: 'has the key of an earlier row of the body' })),
      twice.length,
    )
  }

  #countReplaced(table: string, dataset: StoredDataset): Promise<number> {
    const keys = dataset.key.map(quotedName).join(', ')
    return this.#count(
      `SELECT count() AS \`#n\` FROM ${tableOf(dataset)} FINAL WHERE (${keys}) IN (SELECT ${keyOf(dataset)} FROM ${table})`,
    )
  }

  async #count(sql: string): Promise<number> {
    return (await this.#store.rows<{ '#n': number }>(sql))[0]?.['#n'] ?? 0
  }
}

/** CSV leaves open what its text means; the other formats tell it, and JSON has no dates. */
function toldType(format: InputFormat, engineType: string): ColumnType {
  const type = columnTypeOf(engineType) ?? 'string'
  return format === 'JSONEachRow' && (type === 'date' || type === 'instant') ? 'string' : type
}

/** Moves committed rows to the table of their dataset; a row whose key is known takes the place of the one it has. */
export function moveRowsSql(table: string, dataset: StoredDataset): string {
  const target = tableOf(dataset)
  const { columns } = dataset
  const values = columns.map(({ name, type, nullable }) => {
    const value = valueSql(type, `new.${quotedName(name)}`)
    return nullable ? value : `assumeNotNull(${value})`
  })
  const keys = dataset.key.map(quotedName)
  const same = keys.map((key, index) => `old.${key} = new.\`#key${index}\``)
  const newKeys = dataset.key.map((name, index) => `${keyValue(dataset, name)} AS \`#key${index}\``)
  return `INSERT INTO ${target} (${rowNumber}, ${columns.map(({ name }) => quotedName(name)).join(', ')}, ${knownAt})
    SELECT if(old.${rowNumber} = 0, (SELECT max(${rowNumber}) FROM ${target}) + 1 + new.${rowNumber}, old.${rowNumber}), ${values.join(', ')}, now64(3)
    FROM (SELECT *, ${newKeys.join(', ')} FROM ${table}) AS new
    LEFT JOIN (SELECT ${keys.join(', ')}, ${rowNumber} FROM ${target} FINAL
      WHERE (${keys.join(', ')}) IN (SELECT ${keyOf(dataset)} FROM ${table})) AS old ON ${same.join(' AND ')}`
}

function keyOf(dataset: Dataset): string {
  return dataset.key.map((name) => keyValue(dataset, name)).join(', ')
}

function keyValue(dataset: Dataset, name: string): string {
  const type = dataset.columns.find((column) => column.name === name)?.type ?? 'string'
  return `CAST(assumeNotNull(${valueSql(type, quotedName(name))}), '${engineTypes[type].replaceAll("'", "\\'")}')`
}

function requireColumns(found: readonly TypedColumn[], dataset: StoredDataset | undefined): void {
  for (const { name, type } of found) {
    if (columnTypeOf(type) === undefined && !/^(?:Array|Tuple|Map|Object|JSON|Nullable\(Tuple)/.test(type)) {
      throw invalidBody(name, `has the type ${type.slice(0, 60)}, which a dataset cannot hold.`)
    }
    if (dataset === undefined || dataset.columns.some((column) => column.name === name)) continue
    const near = nearestName(
      name,
      dataset.columns.map((column) => column.name),
    )
    throw invalidBody(name, `is no column of ${dataset.name}.${near === undefined ? '' : ` Did you mean '${near}'?`}`)
  }
  const missing = dataset?.columns.find(
    ({ name, nullable }) => !nullable && !found.some((column) => column.name === name),
  )
  if (missing !== undefined) throw invalidBody(missing.name, 'is missing in the body.')
}

function invalidBody(field: string, message: string): BarkeepError {
  const shown = field.slice(0, 63)
  return new BarkeepError('INVALID_BODY', {
    message: `Column '${shown}' ${message}`,
    errors: [{ code: 'INVALID_BODY', field: shown, message }],
  })
}

async function readable<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new BarkeepError('INVALID_BODY', { message: `The body cannot be read: ${error.reason}`, cause: error })
  }
}

function refuse(dataset: string, faults: readonly { row: number; field: string; reason: string }[], total: number) {
  const [first] = faults
  if (first === undefined) return
  throw new BarkeepError('INVALID_ROWS', {
    message: `Nothing was written: row ${first.row}: ${first.field} ${first.reason}${total > 1 ? `, and ${total - 1} more` : ''}.`,
    errors: faults.map(
      ({ row, field, reason }): ErrorDetail => ({
        code: 'INVALID_ROWS',
        resource: dataset,
        field,
        index: row,
        message: `${field} ${reason}`,
      }),
    ),
  })
}
