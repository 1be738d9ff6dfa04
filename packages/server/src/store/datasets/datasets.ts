import { BarkeepError, type Dataset, type DatasetColumn, nearestName } from '@barkeep/core'
import type { Store } from '../store.js'
import { engineTypes, quotedName } from './dataset-column-sql.js'
import { addedColumns, checkDefinition } from './dataset-definition.js'

/** A dataset with the number under which the store keeps its rows. */
export interface StoredDataset extends Dataset {
  readonly id: number
}

/** Columns of the store's own, which no dataset's column can be called. */
export const rowNumber = '`#row`'
export const knownAt = '`#known_at`'

/**
 * The datasets of a store, held in memory: few, and asked for by every request for rows.
 * What changes a definition must not run beside another write: see StagedWrites.alone.
 */
export class Datasets {
  readonly #store: Store
  readonly #reserved: ReadonlySet<string>
  readonly #byName = new Map<string, StoredDataset>()
  readonly #versions = new Map<number, number>()
  #idMax = 0

  private constructor(store: Store, reserved: ReadonlySet<string>) {
    this.#store = store
    this.#reserved = reserved
  }

  /** `reserved` are names that a new dataset cannot have. */
  static async load(store: Store, reserved: ReadonlySet<string> = new Set()): Promise<Datasets> {
    const datasets = new Datasets(store, reserved)
    const rows = await store.rows<{ id: number; definition: string }>(
      'SELECT id, definition FROM datasets FINAL ORDER BY id',
    )
    for (const { id, definition } of rows) {
      datasets.#idMax = Math.max(datasets.#idMax, id)
      if (definition === gone) {
        // The process may have ended between the two steps of `remove`.
        await store.command(`DROP TABLE IF EXISTS ${tableOf({ id })}`)
        continue
      }
      const dataset = JSON.parse(definition) as StoredDataset // written by #save
      datasets.#byName.set(dataset.name, dataset)
    }
    return datasets
  }

  /** In the order of creation. */
  get all(): readonly StoredDataset[] {
    return [...this.#byName.values()]
  }

  find(name: string): StoredDataset | undefined {
    return this.#byName.get(name)
  }

  /** Throws NOT_FOUND, naming the nearest. */
  get(name: string): StoredDataset {
    const dataset = this.#byName.get(name)
    if (dataset !== undefined) return dataset
    const near = nearestName(name, this.#byName.keys())
    const hint = near === undefined ? 'GET /v1/datasets lists what there is.' : `Did you mean '${near}'?`
    const message = `There is no dataset '${name.slice(0, 63)}'. ${hint}`
    throw new BarkeepError('NOT_FOUND', {
      message,
      errors: [{ code: 'NOT_FOUND', parameter: 'dataset', value: name.slice(0, 63), message }],
    })
  }

  /** Undefined where it was removed. */
  findById(id: number): StoredDataset | undefined {
    return this.all.find((one) => one.id === id)
  }

  /** A number that is another after every write, so that what was read under an earlier one is known to be old. */
  version({ id }: StoredDataset): number {
    return this.#versions.get(id) ?? 0
  }

  /** Says that rows of the dataset may have changed. */
  touch({ id }: StoredDataset): void {
    this.#versions.set(id, (this.#versions.get(id) ?? 0) + 1)
  }

  /** Makes an empty dataset. Throws INVALID_BODY for a definition that cannot be, CONFLICT for a name that is taken. */
  async create(definition: Dataset): Promise<StoredDataset> {
    checkDefinition(definition)
    if (this.#byName.has(definition.name)) {
      throw new BarkeepError('CONFLICT', { message: `There is a dataset '${definition.name}' already.` })
    }
    if (this.#reserved.has(definition.name)) {
      throw new BarkeepError('CONFLICT', {
        message: `'${definition.name}' is a dataset that Barkeep keeps itself. Publish under another name.`,
      })
    }
    this.#idMax += 1
    const dataset = { ...definition, id: this.#idMax }
    await this.#store.command(tableSql(dataset))
    await this.#save(dataset)
    return dataset
  }

  /** Changes what is told of a dataset, and adds columns. Throws INVALID_BODY, and CONFLICT for any other change. */
  async change(known: StoredDataset, wanted: Dataset): Promise<StoredDataset> {
    checkDefinition(wanted)
    const added = addedColumns(known, wanted)
    for (const column of added) {
      // One that stands there undeclared is left of a change that was cut short; its type may be another.
      await this.#store.command(`ALTER TABLE ${tableOf(known)} DROP COLUMN IF EXISTS ${quotedName(column.name)}`)
      await this.#store.command(`ALTER TABLE ${tableOf(known)} ADD COLUMN ${columnSql(column)}`)
    }
    // Columns keep their order, which numbers the fields of Protobuf messages.
    const kept = known.columns.map((column) => wanted.columns.find(({ name }) => name === column.name) ?? column)
    const dataset = { ...wanted, columns: [...kept, ...added], id: known.id }
    await this.#save(dataset)
    this.touch(dataset)
    return dataset
  }

  /** Removes a dataset with its rows. Its number is never given again. */
  async remove(dataset: StoredDataset): Promise<void> {
    await this.#write(dataset.id, gone)
    this.#byName.delete(dataset.name)
    this.touch(dataset)
    await this.#store.command(`DROP TABLE IF EXISTS ${tableOf(dataset)}`)
  }

  async #save(dataset: StoredDataset): Promise<void> {
    await this.#write(dataset.id, JSON.stringify(dataset))
    this.#byName.set(dataset.name, dataset)
  }

  #write(id: number, definition: string): Promise<void> {
    return this.#store.command('INSERT INTO datasets SELECT {id:UInt32}, {definition:String}, now64(3)', {
      id,
      definition,
    })
  }
}

/** Stands where the definition of a removed dataset was. */
const gone = ''

/** The table of a dataset's rows. */
export function tableOf({ id }: Pick<StoredDataset, 'id'>): string {
  return `dataset_${id}`
}

/** Rows are kept in the order in which their keys first came, so that a published list keeps its order. */
function tableSql(dataset: StoredDataset): string {
  const indexes = dataset.columns
    .filter(({ name, type }) => dataset.key.includes(name) && (type === 'string' || type === 'integer'))
    .map(({ name }, index) => `INDEX key${index} ${quotedName(name)} TYPE bloom_filter GRANULARITY 1`)
  const body = [`${rowNumber} UInt64`, ...dataset.columns.map(columnSql), `${knownAt} DateTime64(3, 'UTC')`, ...indexes]
  return `CREATE TABLE IF NOT EXISTS ${tableOf(dataset)} (${body.join(', ')})
    ENGINE = ReplacingMergeTree(${knownAt}) ORDER BY ${rowNumber}`
}

function columnSql({ name, type, nullable }: DatasetColumn): string {
  const engineType = nullable ? `Nullable(${engineTypes[type]})` : engineTypes[type]
  return `${quotedName(name)} ${engineType} CODEC(ZSTD(1))`
}
