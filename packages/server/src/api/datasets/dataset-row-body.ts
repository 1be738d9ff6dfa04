import { BarkeepError, type DatasetColumn, shorten } from '@barkeep/core'
import type { RowFields, RowKey } from '../../store/datasets/dataset-changes.js'
import type { DatasetFilter } from '../../store/datasets/dataset-sql.js'
import type { StoredDataset } from '../../store/datasets/datasets.js'
import { checkedValue } from './dataset-request.js'

/** The fields of a row that is sent to the URL of its key: those of the key may be left out, but not be others. */
export function fieldsUnderKey(body: RowFields, key: RowKey, dataset: StoredDataset): RowFields {
  requireSafeNumbers(body)
  const fields: Record<string, unknown> = { ...body }
  for (const { column, values } of key.filters) {
    const told = body[column.name]
    if (told !== undefined && textOf(told, column) !== values[0]) {
      throw invalidField(
        column.name,
        `is '${shorten(String(told), 40)}', but the URL names the row '${shorten(key.text, 40)}'. Leave it out, or write the same.`,
      )
    }
    fields[column.name] = values[0]
  }
  requireColumns(fields, dataset)
  return fields
}

/** A new row, and the key that its fields tell. Throws INVALID_BODY. */
export function newRow(body: RowFields, dataset: StoredDataset): { readonly key: RowKey; readonly fields: RowFields } {
  requireSafeNumbers(body)
  requireColumns(body, dataset)
  const filters = dataset.key.map((name): DatasetFilter => {
    const value = body[name]
    const column = dataset.columns.find((one) => one.name === name)
    if (value === undefined || value === null || column === undefined) {
      throw invalidField(name, 'is missing; it is of the key.')
    }
    return { column, operator: 'eq', values: [checkedValue(name, String(value), column)] }
  })
  const text = dataset.key.map((name) => String(body[name])).join(',')
  return { key: { text, filters }, fields: body }
}

function textOf(value: unknown, column: DatasetColumn): string {
  try {
    return checkedValue(column.name, String(value), column)
  } catch {
    return String(value)
  }
}

function requireColumns(fields: RowFields, { name: dataset, columns }: StoredDataset): void {
  const stranger = Object.keys(fields).find((name) => !columns.some((column) => column.name === name))
  if (stranger === undefined) return
  throw invalidField(stranger, `is no column of ${dataset}. It has ${columns.map(({ name }) => name).join(', ')}.`)
}

/** A whole number that JSON's reader has rounded must not be kept as if it were what was sent. */
function requireSafeNumbers(fields: RowFields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) continue
    throw invalidField(name, 'is beyond 2⁵³, where numbers of JSON are rounded. Send it as text.')
  }
}

function invalidField(field: string, message: string): BarkeepError {
  const shown = shorten(field, 63)
  return new BarkeepError('INVALID_BODY', {
    message: `${shown} ${message}`,
    errors: [{ code: 'INVALID_BODY', field: shown, message }],
  })
}
