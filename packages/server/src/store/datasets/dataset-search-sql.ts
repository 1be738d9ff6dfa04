import { Binder } from '../engine/binder.js'
import type { Params } from '../store.js'
import { quotedName } from './dataset-column-sql.js'
import type { RowSource } from './dataset-source.js'

/**
 * Rows of which the texts hold every word, in small or capital letters, in the order of the source: their key, their
 * texts, and nothing else. Undefined for a dataset without a column of text.
 */
export function searchRowsQuery(
  { dataset, from, params = {}, condition, columns, order }: RowSource,
  words: readonly string[],
  { rowsMax, msMax }: { readonly rowsMax: number; readonly msMax: number },
): { readonly sql: string; readonly params: Params } | undefined {
  const sqlOf = (name: string) => columns.get(name)?.sql ?? `t.${quotedName(name)}`
  const texts = dataset.columns.filter(({ type }) => type === 'string')
  if (texts.length === 0 || words.length === 0) return undefined
  const binder = new Binder()
  Object.assign(binder.all, params)
  const conditions = words.map((word) => {
    const bound = binder.bind('String', word)
    const looks = texts.map(({ name }) => `positionCaseInsensitiveUTF8(ifNull(${sqlOf(name)}, ''), ${bound}) > 0`)
    return `(${looks.join(' OR ')})`
  })
  const shown = dataset.columns.filter(
    ({ name }) => dataset.key.includes(name) || texts.some((one) => one.name === name),
  )
  const select = shown.map(({ name }) => `${sqlOf(name)} AS ${quotedName(name)}`).join(', ')
  const where = [condition ?? '1', ...conditions].join(' AND ')
  const by = order.map(({ sql }) => sql).join(', ')
  // Every row is looked at, so a large dataset is searched as far as time allows.
  const settings = `max_execution_time = ${Math.ceil(msMax / 1_000)}, timeout_overflow_mode = 'break'`
  return {
    sql: `SELECT ${select} FROM ${from} WHERE ${where} ORDER BY ${by} LIMIT ${rowsMax} SETTINGS ${settings}`,
    params: binder.all,
  }
}
