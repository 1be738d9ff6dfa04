import { type Dataset, type FoundHit, instrumentPattern } from '@barkeep/core'
import { searchRowsQuery } from '../store/datasets/dataset-search-sql.js'
import type { DatasetSources } from '../store/datasets/dataset-sources.js'
import type { Datasets } from '../store/datasets/datasets.js'
import type { Store } from '../store/store.js'
import { folded, hasAllWords } from './relevance.js'
import type { SearchSource } from './search-source.js'

export interface DatasetsSourceParts {
  readonly store: Store
  /** Those of callers, whose rows are searched. */
  readonly datasets: Datasets
  /** All that can be read. */
  readonly sources: DatasetSources
  /** Names of datasets whose rows a source of its own brings. */
  readonly without: ReadonlySet<string>
  /** Rows of one dataset, and how long the engine may look for them. */
  readonly rowsMax: number
  readonly msMax: number
}

const instrumentShape = new RegExp(instrumentPattern)

/** Datasets by what is told of them, and then rows of datasets by their texts, one dataset a page. */
export function createDatasetsSource({
  store,
  datasets,
  sources,
  without,
  ...limits
}: DatasetsSourceParts): SearchSource {
  return {
    id: 'datasets',
    async *search(query, signal) {
      const words = folded(query)
      const all = sources.all.map(({ dataset }) => dataset)
      yield all.filter((dataset) => hasAllWords(folded(textOf(dataset)), words)).map(hitOf)
      for (const { name } of datasets.all) {
        if (signal.aborted) return
        if (without.has(name)) continue
        const source = sources.get(name)
        const read = searchRowsQuery(source, words.split(' '), limits)
        if (read === undefined) continue
        const rows = await store.rows<Readonly<Record<string, unknown>>>(read.sql, read.params)
        yield rows.map((row) => rowHitOf(source.dataset, row))
      }
    },
  }
}

function textOf({ name, title, source, columns }: Dataset): string {
  return [name, title, source ?? '', ...columns.map((column) => `${column.name} ${column.title ?? ''}`)].join(' ')
}

function hitOf({ name, title }: Dataset): FoundHit {
  return { ...nothing, symbol: name, title, kind: 'dataset', url: `/v1/datasets/${name}` }
}

const nothing = { instrument: null, isin: null, exchange: '' } as const

/** A row about an instrument is one of the instrument's. */
function rowHitOf({ name, key, columns }: Dataset, row: Readonly<Record<string, unknown>>): FoundHit {
  const { instrument } = row
  const texts = columns.filter(({ type }) => type === 'string').map((column) => row[column.name])
  const title = texts.find((text) => typeof text === 'string' && text !== '' && text !== instrument)
  const values = key.map((column) => String(row[column] ?? ''))
  const isOne = typeof instrument === 'string' && instrumentShape.test(instrument)
  return {
    ...nothing,
    symbol: isOne ? instrument : `${name}/${values.join(',')}`,
    instrument: isOne ? instrument : null,
    title: typeof title === 'string' ? title : '',
    kind: isOne ? 'other' : 'row',
    exchange: isOne ? (instrument.split(':')[0] ?? '') : '',
    url: `/v1/datasets/${name}/rows/${values.map(encodeURIComponent).join(',')}`,
  }
}
