import { BarkeepError } from '@barkeep/core'
import type { Binder } from '../store/engine/binder.js'
import type { EntitySet } from './entity-set.js'
import type { Search } from './parse-search.js'

/** Columns × terms of one search, at most: each is one look into each row. */
const LOOKS_MAX = 2_000

/** Rows of which some text holds what is searched for, in small or capital letters. Throws REQUEST_TOO_COMPLEX. */
export function searchSql(search: Search, set: EntitySet, params: Binder): string {
  const columns = set.properties
    .filter(({ type }) => type === 'Edm.String')
    .map(({ sql, nullable }) => (nullable ? `ifNull(${sql}, '')` : sql))
  let looks = 0
  const read = (one: Search): string => {
    switch (one.kind) {
      case 'not':
        return `NOT (${read(one.operand)})`
      case 'and':
      case 'or':
        return `(${one.operands.map(read).join(one.kind === 'and' ? ' AND ' : ' OR ')})`
      case 'text': {
        looks += columns.length
        if (looks > LOOKS_MAX) {
          throw new BarkeepError('REQUEST_TOO_COMPLEX', {
            message: `$search: ${set.name} has ${columns.length} columns of text. Search for fewer words, or use $filter.`,
          })
        }
        const text = params.bind('String', one.text)
        const tests = columns.map((column) => `positionCaseInsensitiveUTF8(${column}, ${text}) > 0`)
        return tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`
      }
    }
  }
  return read(search)
}
