import type { Connector, JsonObject, JsonValue, LocalContext } from '@barkeep/core'
import type { Contents } from '../store/contents.js'
import { quotedName } from '../store/datasets/dataset-column-sql.js'
import { tableOf } from '../store/datasets/datasets.js'
import type { Store } from '../store/store.js'

/** What a local connector sees of this server: no more of the store than rows of the datasets that it declares. */
export function createLocalContext(
  { id, datasets }: Pick<Connector, 'id' | 'datasets'>,
  settings: Readonly<Record<string, JsonValue>>,
  store: Pick<Store, 'rows'>,
  contents: Pick<Contents, 'catalog' | 'datasets'>,
): LocalContext {
  return {
    setting: (name) => settings[name],
    get exchanges() {
      return contents.catalog.exchanges
    },
    async kept(name, keys) {
      const [key, ...others] = datasets.find((dataset) => dataset.name === name)?.key ?? []
      if (key === undefined || others.length > 0) throw new RangeError(`${id} has no dataset '${name}' with one key.`)
      const dataset = contents.datasets.find(name)
      if (dataset === undefined || keys.length === 0) return new Map()
      const columns = dataset.columns.map((column) => quotedName(column.name)).join(', ')
      const rows = await store.rows<JsonObject>(
        `SELECT ${columns} FROM ${tableOf(dataset)} FINAL WHERE ${quotedName(key)} IN {keys:Array(String)}`,
        { keys },
      )
      return new Map(rows.map((row) => [String(row[key]), row]))
    },
  }
}
