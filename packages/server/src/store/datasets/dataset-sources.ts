import { BarkeepError, nearestName } from '@barkeep/core'
import type { BuiltInDataset } from './dataset-built-in.js'
import { type RowSource, storedSource } from './dataset-source.js'
import type { Datasets, StoredDataset } from './datasets.js'

/** Every dataset that can be read: those of callers, and those that the store keeps itself. */
export class DatasetSources {
  readonly #datasets: Datasets
  readonly #builtIn: ReadonlyMap<string, BuiltInDataset>
  readonly #held = new WeakMap<StoredDataset, { readonly version: number; readonly source: RowSource }>()

  constructor(datasets: Datasets, builtIn: readonly BuiltInDataset[]) {
    this.#datasets = datasets
    this.#builtIn = new Map(builtIn.map((one) => [one.name, one]))
  }

  /** Those of callers in the order of their creation, then the others. */
  get all(): readonly RowSource[] {
    const names = [...this.#datasets.all.map(({ name }) => name), ...this.#builtIn.keys()]
    return [...new Set(names)].flatMap((name) => this.find(name) ?? [])
  }

  /** One of a caller that is older than the built-in one of its name stays what it was. */
  find(name: string): RowSource | undefined {
    const stored = this.#datasets.find(name)
    if (stored === undefined) return this.#builtIn.get(name)?.source()
    // Every request asks, and a dataset changes seldom.
    const version = this.#datasets.version(stored)
    const held = this.#held.get(stored)
    if (held?.version === version) return held.source
    const source = storedSource(stored, version)
    this.#held.set(stored, { version, source })
    return source
  }

  /** Throws NOT_FOUND, naming the nearest. */
  get(name: string): RowSource {
    const source = this.find(name)
    if (source !== undefined) return source
    const near = nearestName(
      name,
      this.all.map(({ dataset }) => dataset.name),
    )
    const hint = near === undefined ? 'GET /v1/datasets lists what there is.' : `Did you mean '${near}'?`
    const message = `There is no dataset '${name.slice(0, 63)}'. ${hint}`
    throw new BarkeepError('NOT_FOUND', {
      message,
      errors: [{ code: 'NOT_FOUND', parameter: 'dataset', value: name.slice(0, 63), message }],
    })
  }

  /** What writes the rows of a dataset that is only read; undefined where callers write them here. */
  writtenBy(name: string): string | undefined {
    return this.#datasets.find(name) === undefined ? this.#builtIn.get(name)?.writtenBy : undefined
  }
}
