import {
  BarkeepError,
  columnNamePattern,
  type Dataset,
  type DatasetColumn,
  datasetNamePattern,
  nearestName,
} from '@barkeep/core'

/** Columns of a dataset, at most. */
const COLUMNS_MAX = 500

/** Names stand in SQL, so none comes near it before it was looked at here. Throws INVALID_BODY. */
export function checkNames(dataset: string, columns: readonly string[]): void {
  if (!new RegExp(datasetNamePattern).test(dataset)) {
    const shape = 'Write up to 63 small letters, digits, _ or -, a letter first.'
    throw fault('name', `'${dataset.slice(0, 63)}' is no name of a dataset. ${shape}`)
  }
  if (columns.length === 0 || columns.length > COLUMNS_MAX) {
    throw fault('columns', `the body has ${columns.length} columns; 1 to ${COLUMNS_MAX} are possible.`)
  }
  const seen = new Set<string>()
  for (const column of columns) {
    if (!new RegExp(columnNamePattern, 'u').test(column)) {
      throw fault('columns', `'${column.slice(0, 63)}' is no name of a column. Write letters, digits and _, up to 63.`)
    }
    if (seen.has(column)) throw fault('columns', `'${column}' stands there twice.`)
    seen.add(column)
  }
}

/** Throws INVALID_BODY for a definition that cannot be. */
export function checkDefinition({ name, key, columns }: Dataset): void {
  const names = columns.map((column) => column.name)
  checkNames(name, names)
  if (key.length === 0) throw fault('key', 'name the columns that tell a row from all others.')
  for (const [index, column] of key.entries()) {
    const found = columns.find((one) => one.name === column)
    if (found === undefined) {
      const near = nearestName(column, names)
      throw fault(
        'key',
        `'${column.slice(0, 63)}' is no column.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
      )
    }
    if (key.indexOf(column) !== index) throw fault('key', `'${column}' stands there twice.`)
    if (found.nullable) throw fault('key', `'${column}' has rows without a value, so it cannot be in the key.`)
  }
}

/**
 * The columns that a new definition adds to a dataset. Rows that are there must stay what they are, so columns keep
 * their type and the key its columns, and what is added can be without a value. Throws CONFLICT for any other change.
 */
export function addedColumns(known: Dataset, wanted: Dataset): readonly DatasetColumn[] {
  if (known.key.join() !== wanted.key.join()) {
    throw conflict(known, `key is ${known.key.join(', ')}`, `${wanted.key.join(', ')} would tell its rows apart anew`)
  }
  for (const { name, type, nullable } of known.columns) {
    const column = wanted.columns.find((one) => one.name === name)
    if (column === undefined) throw conflict(known, `column ${name} is missing`, 'its values would be lost')
    if (column.type !== type)
      throw conflict(known, `column ${name} is of type ${type}`, `it cannot become ${column.type}`)
    if (column.nullable !== nullable) {
      const is = nullable ? 'can be without a value' : 'always has a value'
      throw conflict(known, `column ${name} ${is}`, 'that cannot change')
    }
  }
  const added = wanted.columns.filter(({ name }) => !known.columns.some((column) => column.name === name))
  const strict = added.find(({ nullable }) => !nullable)
  if (strict !== undefined) {
    throw conflict(known, `column ${strict.name} is new`, 'rows that are there have no value for it: make it nullable')
  }
  return added
}

function conflict({ name }: Dataset, what: string, why: string): BarkeepError {
  return new BarkeepError('CONFLICT', {
    message: `${name}: ${what}, and ${why}. Publish under another name, or delete the dataset first.`,
  })
}

function fault(field: string, message: string): BarkeepError {
  return new BarkeepError('INVALID_BODY', {
    message: `${field}: ${message}`,
    errors: [{ code: 'INVALID_BODY', field, message }],
  })
}
