import type { Params } from '../store.js'
import { quotedName } from './dataset-column-sql.js'

/** The engine reads no longer value than a query may be, 256 KiB; this leaves room for escapes. */
const TEXT_CHARACTERS_MAX = 100_000
/** Names stand in SQL, so what is not of this shape is left out. */
const nameShape = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/**
 * A query that gives back a list of objects, so that the engine writes it in a format of its own. Columns come in the
 * order in which they are first seen; what is neither text, number nor boolean stands as its JSON.
 */
export function listQuery(list: readonly object[]): { readonly sql: string; readonly params: Params } {
  const columns = [...new Set(list.flatMap((row) => Object.keys(row)))].filter((name) => nameShape.test(name))
  const selected = columns.map((name) => {
    const values: unknown[] = list.map((row) => Reflect.get(row, name))
    return `${valueSql(name, values)} AS ${quotedName(name)}`
  })
  // A table needs a column, also where nothing tells which.
  if (selected.length === 0) selected.push('`#row` AS `row`')
  const { from, params } = listSource(list)
  return { sql: `SELECT ${selected.join(', ')} FROM ${from}`, params }
}

/** What stands behind FROM so that each object of a list is a row: its JSON, as `#row`. */
export function listSource(list: readonly object[]): { readonly from: string; readonly params: Params } {
  const texts = textsOf(list)
  const arrays = texts.map((_, index) => `JSONExtractArrayRaw({list${index}:String})`)
  return {
    from: `(SELECT arrayJoin(arrayConcat(${arrays.join(', ')})) AS \`#row\`)`,
    params: Object.fromEntries(texts.map((text, index) => [`list${index}`, text])),
  }
}

function valueSql(name: string, values: readonly unknown[]): string {
  const present = values.filter((value) => value !== null && value !== undefined)
  const extract = (type: string) => `JSONExtract(\`#row\`, '${name}', 'Nullable(${type})')`
  if (present.every((value) => typeof value === 'string')) return extract('String')
  if (present.every((value) => typeof value === 'boolean')) return extract('Bool')
  if (present.every(Number.isSafeInteger)) return extract('Int64')
  if (present.every((value) => typeof value === 'number')) return extract('Float64')
  return `nullIf(nullIf(JSONExtractRaw(\`#row\`, '${name}'), ''), 'null')`
}

/** The list as JSON, in several arrays where it is long. */
function textsOf(list: readonly object[]): string[] {
  const texts: string[] = []
  let part: string[] = []
  let characters = 0
  for (const row of list) {
    const text = JSON.stringify(row)
    if (part.length > 0 && characters + text.length > TEXT_CHARACTERS_MAX) {
      texts.push(`[${part.join(',')}]`)
      part = []
      characters = 0
    }
    part.push(text)
    characters += text.length
  }
  return [...texts, `[${part.join(',')}]`]
}
