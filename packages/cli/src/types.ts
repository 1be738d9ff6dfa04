import type { ColumnType, Dataset } from '@barkeep/core'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Prints an interface for the rows of each dataset named, or of all. */
export function printTypes(names: readonly string[], flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    const datasets =
      names.length === 0
        ? await client.datasets().toArray()
        : await Promise.all(names.map((name) => client.dataset(name).info()))
    console.log(datasets.map(rowInterface).join('\n'))
  })
}

const typeScript: Readonly<Record<ColumnType, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  date: 'string',
  instant: 'string',
}

const shapes: Partial<Record<ColumnType, string>> = { date: 'YYYY-MM-DD', instant: 'ISO 8601, UTC' }

/** The TypeScript of a row: `interface BirdsRow`, to be used as `client.dataset<BirdsRow>('birds')`. */
export function rowInterface({ name, title, key, columns }: Dataset): string {
  const fields = columns.map((column) => {
    const notes = [column.title, shapes[column.type]].filter((note) => note !== undefined)
    const doc = notes.length === 0 ? '' : `  /** ${commentText(notes.join('; '))} */\n`
    // A column may hold digits that TypeScript does not take in a bare name.
    const property = /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(column.name) ? column.name : `'${column.name}'`
    return `${doc}  readonly ${property}: ${typeScript[column.type]}${column.nullable ? ' | null' : ''}\n`
  })
  return `/** A row of ${commentText(title)}. Key: ${key.join(', ')}. */\nexport interface ${interfaceName(name)} {\n${fields.join('')}}\n`
}

/** `twse-valuations` → `TwseValuationsRow`. */
function interfaceName(dataset: string): string {
  const words = dataset.split(/[-_]+/).filter((word) => word !== '')
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}Row`
}

/** A title is written by others: it must neither end the comment nor break its line. */
function commentText(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')
}
