import { BarkeepError, columnNamePattern, type Dataset, datasetNamePattern, nearestName } from '@barkeep/core'
import { engineTypes, quotedName } from './dataset-column-sql.js'
import type { Store } from './store.js'

/** A dataset with the number under which the store keeps its rows. */
export interface StoredDataset extends Dataset {
  readonly id: number
}

/** Columns of a dataset, at most. */
const COLUMNS_MAX = 500
/** Columns of the store's own, which no dataset's column can be called. */
export const rowNumber = '`#row`'
export const knownAt = '`#known_at`'

/** The datasets of a store, held in memory: few, and asked for by every request for rows. */
export class Datasets {
  readonly #store: Store
  readonly #byName = new Map<string, StoredDataset>()

  private constructor(store: Store) {
    this.#store = store
  }

  static async load(store: Store): Promise<Datasets> {
    const datasets = new Datasets(store)
    const rows = await store.rows<{ definition: string }>('SELECT definition FROM datasets FINAL ORDER BY id')
    for (const { definition } of rows) {
      const dataset = JSON.parse(definition) as StoredDataset // written by save
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

  byId(id: number): StoredDataset {
    const dataset = this.all.find((one) => one.id === id)
    if (dataset === undefined) throw new RangeError(`There is no dataset number ${id}.`)
    return dataset
  }

  /** Makes an empty dataset. Throws INVALID_BODY for a definition that cannot be, CONFLICT for a name that is taken. */
  async create(definition: Dataset): Promise<StoredDataset> {
    checkDefinition(definition)
    if (this.#byName.has(definition.name)) {
      throw new BarkeepError('CONFLICT', { message: `There is a dataset '${definition.name}' already.` })
    }
    const dataset = { ...definition, id: Math.max(0, ...this.all.map(({ id }) => id)) + 1 }
    await this.#store.command(tableSql(dataset))
    await this.#store.command('INSERT INTO datasets SELECT {id:UInt32}, {definition:String}, now64(3)', {
      id: dataset.id,
      definition: JSON.stringify(dataset),
    })
    this.#byName.set(dataset.name, dataset)
    return dataset
  }
}

/** The table of a dataset's rows. */
export function tableOf({ id }: StoredDataset): string {
  return `dataset_${id}`
}

/** Rows are kept in the order in which their keys first came, so that a published list keeps its order. */
function tableSql(dataset: StoredDataset): string {
  const columns = dataset.columns.map(({ name, type, nullable }) => {
    const engineType = nullable ? `Nullable(${engineTypes[type]})` : engineTypes[type]
    return `${quotedName(name)} ${engineType} CODEC(ZSTD(1))`
  })
  const indexes = dataset.columns
    .filter(({ name, type }) => dataset.key.includes(name) && (type === 'string' || type === 'integer'))
    .map(({ name }, index) => `INDEX key${index} ${quotedName(name)} TYPE bloom_filter GRANULARITY 1`)
  const body = [`${rowNumber} UInt64`, ...columns, `${knownAt} DateTime64(3, 'UTC')`, ...indexes]
  return `CREATE TABLE IF NOT EXISTS ${tableOf(dataset)} (${body.join(', ')})
    ENGINE = ReplacingMergeTree(${knownAt}) ORDER BY ${rowNumber}`
}

/** Names stand in SQL, so none comes near it before it was looked at here. Throws INVALID_BODY. */
export function checkNames(dataset: string, columns: readonly string[]): void {
  if (!new RegExp(datasetNamePattern).test(dataset)) {
    const shape = 'Write up to 63 small letters, digits, _ or -, a letter first.'
    throw fault('name', `'${dataset.slice(0, 63)}' is no name of a dataset. ${shape}`)
  }
  if (columns.length === 0 || columns.length > COLUMNS_MAX) {
    throw fault('columns', `the body has ${columns.length} columns; 1 to ${COLUMNS_MAX} are possible.`)
  }
  for (const [index, column] of columns.entries()) {
    if (!new RegExp(columnNamePattern, 'u').test(column)) {
      throw fault('columns', `'${column.slice(0, 63)}' is no name of a column. Write letters, digits and _, up to 63.`)
    }
    if (columns.indexOf(column) !== index) throw fault('columns', `'${column}' stands there twice.`)
  }
}

/** Throws INVALID_BODY for a definition that cannot be. */
export function checkDefinition({ name, key, columns }: Dataset): void {
  const names = columns.map((column) => column.name)
  checkNames(name, names)
  if (key.length === 0) throw fault('key', 'name the columns that tell a row from all others.')
  for (const column of key) {
    const found = columns.find((one) => one.name === column)
    if (found === undefined) {
      const near = nearestName(column, names)
      throw fault(
        'key',
        `'${column.slice(0, 63)}' is no column.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
      )
    }
    if (found.nullable) throw fault('key', `'${column}' has rows without a value, so it cannot be in the key.`)
  }
}

function fault(field: string, message: string): BarkeepError {
  return new BarkeepError('INVALID_BODY', {
    message: `${field}: ${message}`,
    errors: [{ code: 'INVALID_BODY', field, message }],
  })
}
