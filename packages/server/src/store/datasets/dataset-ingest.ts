import { BarkeepError, type DatasetReport, nearestName, shorten } from '@barkeep/core'
import type { StagedWrites } from '../engine/staged-writes.js'
import { EngineError, type InputFormat, type SpooledBody, type Store, type TypedColumn } from '../store.js'
import { columnTypeOf, quotedName } from './dataset-column-sql.js'
import { checkNames } from './dataset-definition.js'
import { refuseFaults } from './dataset-faults.js'
import { inferDataset, type NewDataset, requireTypes, type StagedBody } from './dataset-inference.js'
import { keyOf, targetOf } from './dataset-moves.js'
import { type Datasets, rowNumber, type StoredDataset, tableOf } from './datasets.js'

export interface DatasetBody {
  readonly name: string
  readonly format: InputFormat
  readonly body: AsyncIterable<Uint8Array>
  readonly bytesMax: number
  /** Needed where the dataset does not exist yet. */
  readonly declare?: NewDataset
  /** Whether the rows take the place of all that are there; else only of those with the same keys. */
  readonly replacesAll?: boolean
}

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
   * Throws MISSING_PARAMETER for a new dataset without a key, INVALID_BODY, INVALID_ROWS, BODY_TOO_LARGE, and CONFLICT
   * where the dataset changes meanwhile.
   */
  async store({ name, format, body, bytesMax, declare, replacesAll = false }: DatasetBody): Promise<DatasetReport> {
    const spooled = await this.#store.spool(body, bytesMax)
    try {
      const found = await readable(() => spooled.describe(format))
      checkNames(
        name,
        found.map((column) => column.name),
      )
      const known = this.#datasets.find(name)
      requireColumns(found, known)
      if (known !== undefined) requireTypes(declare?.types, known)
      const staged = (known?.columns ?? found).map((column) => column.name)
      return await this.#writes.write(stagingDefinition(staged), async (table) => {
        if (this.#datasets.find(name) !== known) throw changedMeanwhile(name)
        const body = { table, format, found }
        await this.#stage(body, spooled, staged)
        const dataset = known ?? (await inferDataset(this.#store, name, body, declare))
        await refuseFaults(this.#store, table, dataset)
        const stored = known ?? (await this.#datasets.create(dataset))
        return {
          target: targetOf(stored, replacesAll),
          report: { ...(await this.#report(table, stored, replacesAll)), created: known === undefined },
        }
      })
    } finally {
      this.#touch(name)
      await spooled.dispose()
    }
  }

  /**
   * Stores one row of a dataset that is there, out of the fields that `make` gives; those it leaves out have no value.
   * No other write comes between what `make` reads and what is written.
   * Throws what `make` throws, INVALID_BODY, INVALID_ROWS.
   */
  async storeRow(
    dataset: StoredDataset,
    make: () => Promise<Readonly<Record<string, unknown>>>,
  ): Promise<DatasetReport> {
    const names = dataset.columns.map(({ name }) => name)
    try {
      return await this.#writes.write(stagingDefinition(names), async (table) => {
        if (this.#datasets.find(dataset.name) !== dataset) throw changedMeanwhile(dataset.name)
        const fields = await make()
        const found = Object.keys(fields).map((name) => ({ name, type: 'Nullable(String)' }))
        requireColumns(found, dataset)
        const spooled = await this.#store.spool(oneChunk(JSON.stringify(fields)), Number.POSITIVE_INFINITY)
        try {
          await this.#stage({ table, format: 'JSONEachRow', found }, spooled, names)
        } finally {
          await spooled.dispose()
        }
        await refuseFaults(this.#store, table, dataset)
        const report = { ...(await this.#report(table, dataset, false)), created: false }
        return { target: targetOf(dataset, false), report }
      })
    } finally {
      this.#touch(dataset.name)
    }
  }

  #stage({ table, format, found }: StagedBody, spooled: SpooledBody, staged: readonly string[]): Promise<void> {
    const isText = format === 'JSONEachRow' || format === 'CSVWithNames'
    const structure = found.map(({ name, type }) => `${quotedName(name)} ${isText ? 'Nullable(String)' : type}`)
    const names = new Set(found.map(({ name }) => name))
    const select = staged.map((name) => {
      if (!names.has(name)) return 'NULL'
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

  /** What the rows of a staged body do to those that are there. */
  async #report(table: string, dataset: StoredDataset, replacesAll: boolean): Promise<Omit<DatasetReport, 'created'>> {
    const keys = dataset.key.map(quotedName).join(', ')
    const rows = await this.#count(`SELECT count() AS \`#n\` FROM ${table}`)
    const replaced = await this.#count(
      `SELECT count() AS \`#n\` FROM ${tableOf(dataset)} FINAL WHERE (${keys}) IN (SELECT ${keyOf(dataset)} FROM ${table})`,
    )
    if (!replacesAll) return { dataset: dataset.name, rows, replaced }
    const before = await this.#count(`SELECT count() AS \`#n\` FROM ${tableOf(dataset)} FINAL`)
    return { dataset: dataset.name, rows, replaced, removed: before - replaced }
  }

  async #count(sql: string): Promise<number> {
    return (await this.#store.rows<{ '#n': number }>(sql))[0]?.['#n'] ?? 0
  }

  /** Also after a failure: the rows may have been committed before it. */
  #touch(name: string): void {
    const dataset = this.#datasets.find(name)
    if (dataset !== undefined) this.#datasets.touch(dataset)
  }
}

function stagingDefinition(columns: readonly string[]): string {
  const staged = [`${rowNumber} UInt64`, ...columns.map((column) => `${quotedName(column)} Nullable(String)`)]
  return `(${staged.join(', ')}) ENGINE = MergeTree ORDER BY tuple()`
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
  const shown = shorten(field, 63)
  return new BarkeepError('INVALID_BODY', {
    message: `Column '${shown}' ${message}`,
    errors: [{ code: 'INVALID_BODY', field: shown, message }],
  })
}

function changedMeanwhile(name: string): BarkeepError {
  return new BarkeepError('CONFLICT', { message: `${name} was changed while its rows arrived. Send them again.` })
}

async function readable<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new BarkeepError('INVALID_BODY', { message: `The body cannot be read: ${error.reason}`, cause: error })
  }
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
