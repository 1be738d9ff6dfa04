import { allBarColumns, type BarColumn, type ColumnType, type Dataset } from '@barkeep/core'
import { barSourceColumns } from '../../store/bars/bar-sources-sql.js'
import { coverageColumns } from '../../store/gaps/coverage-sql.js'
import { gapColumns } from '../../store/gaps/gaps-sql.js'

/** How a value stands in a message: an instant as milliseconds since the epoch, a date as its text. */
export type FieldKind = 'text' | 'integer' | 'number' | 'boolean' | 'instant'

export interface MessageField {
  /** The column. */
  readonly name: string
  readonly number: number
  readonly kind: FieldKind
  readonly note?: string
}

/** The message of a row, and where its schema is published. */
export interface RowMessage {
  readonly url: string
  readonly package: string
  readonly name: string
  readonly fields: readonly MessageField[]
}

const kinds: Readonly<Record<ColumnType, FieldKind>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  date: 'text',
  instant: 'instant',
}

/** A row of a dataset: fields are numbered in the order of its columns, which never changes. */
export function datasetMessage({ name, columns }: Dataset): RowMessage {
  return {
    url: `/v1/datasets/${name}.proto`,
    package: `barkeep.datasets.${name.replaceAll('-', '_')}`,
    name: 'Row',
    fields: columns.map((column, index) => ({
      name: column.name,
      number: index + 1,
      kind: kinds[column.type],
      ...(column.type === 'date' && { note: 'YYYY-MM-DD' }),
    })),
  }
}

const barKinds: Readonly<Record<BarColumn, FieldKind>> = {
  instrument: 'text',
  ts: 'instant',
  open: 'number',
  high: 'number',
  low: 'number',
  close: 'number',
  volume: 'integer',
  turnover: 'number',
  trades: 'integer',
  interval: 'text',
  end: 'instant',
  partial: 'boolean',
  final: 'boolean',
  source: 'text',
  known_at: 'instant',
}

export const barMessage: RowMessage = {
  url: '/v1/bars.proto',
  package: 'barkeep',
  name: 'Bar',
  fields: allBarColumns.map((name, index) => ({ name, number: index + 1, kind: barKinds[name] })),
}

export const gapMessage: RowMessage = {
  url: '/v1/gaps.proto',
  package: 'barkeep',
  name: 'Gap',
  fields: gapColumns.map((name, index) => ({ name, number: index + 1, kind: 'text' })),
}

export const coverageMessage: RowMessage = {
  url: '/v1/coverage.proto',
  package: 'barkeep',
  name: 'Coverage',
  fields: coverageColumns.map((name, index) => ({
    name,
    number: index + 1,
    kind: name === 'known_at' ? 'instant' : 'text',
  })),
}

export const barSourceMessage: RowMessage = {
  url: '/v1/coverage/sources.proto',
  package: 'barkeep',
  name: 'BarSource',
  fields: barSourceColumns.map((name, index) => ({
    name,
    number: index + 1,
    kind: name === 'exchange' || name === 'date' || name === 'source' ? 'text' : 'integer',
  })),
}

const protoTypes: Readonly<Record<FieldKind, string>> = {
  text: 'string',
  integer: 'int64',
  number: 'double',
  boolean: 'bool',
  instant: 'int64',
}

/** The schema file of a message. An answer is a stream of such messages, each behind its length as a varint. */
export function protoFile({ package: name, name: message, fields }: RowMessage): string {
  const lines = fields.map((field) => {
    const note = field.kind === 'instant' ? 'milliseconds since the epoch, UTC' : field.note
    const option = fieldName(field) === field.name ? '' : ` [json_name = "${field.name}"]`
    return `  optional ${protoTypes[field.kind]} ${fieldName(field)} = ${field.number}${option};${note === undefined ? '' : ` // ${note}`}`
  })
  return `syntax = "proto3";

package ${name};

// An answer is a stream of these, each behind its length as a varint. A field that is not there has no value.
message ${message} {
${lines.join('\n')}
}
`
}

/** Fields of a schema have ASCII names; a column of another script goes by its number. */
function fieldName({ name, number }: MessageField): string {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(name) ? name : `column_${number}`
}
