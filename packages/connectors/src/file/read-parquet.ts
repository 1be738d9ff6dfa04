import { type FileHandle, open } from 'node:fs/promises'
import { shorten } from '@barkeep/core'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet'
import type { Refusal } from './bar-batch.js'
import { locateColumns } from './columns.js'
import { type FormatColumn, formatColumns } from './format.js'
import { isReadableCodec, parquetCompressors } from './parquet-codecs.js'
import { createParquetValueReader, stampParsers } from './parquet-value.js'
import type { ReadChunk } from './read-chunk.js'
import { createRowReader, type RowContext } from './read-row.js'
import { byColumn, type Fields, type FieldValue } from './row-fields.js'

/**
 * Rows that are unpacked at the same time. A page is unpacked wholly, and writers make some of a million rows: the fewer
 * are asked for at a time, the more often the same page is unpacked.
 */
const ROWS_PER_READ = 262_144
/** Rows that are read from what is unpacked before they are handed on. */
const ROWS_PER_CHUNK = 8_192
/** The packed pages of one column in one row group; they are in memory together where the file has no index of its pages. */
const COLUMN_BYTES_MAX = 512 * 1024 * 1024

/**
 * The rows of a Parquet file, row group by row group and only the columns that mean something.
 * Throws when the file is broken, or packed in a way that this Node cannot unpack.
 */
export async function* readParquet(path: string, context: RowContext): AsyncGenerator<ReadChunk> {
  const handle = await open(path)
  try {
    const file = await bufferOf(handle)
    const metadata = await parquetMetadataAsync(file)
    const readRow = createRowReader(context)
    const rowsTotal = Number(metadata.num_rows)
    for await (const { firstRow, rows, fieldsAt } of readSlices(file, metadata, context)) {
      for (let from = 0; from < rows; from += ROWS_PER_CHUNK) {
        const results = Array.from({ length: Math.min(ROWS_PER_CHUNK, rows - from) }, (_, index) => {
          const fields = fieldsAt(from + index)
          const result = typeof fields === 'string' ? fields : readRow(fields)
          return typeof result === 'string' ? refusal(path, firstRow + from + index + 1, result, fields) : result
        })
        const share = (firstRow + from + results.length) / Math.max(1, rowsTotal)
        const bytesRead = Math.floor(file.byteLength * share)
        yield { file: path, firstLine: firstRow + from + 1, results, bytesRead }
      }
    }
  } finally {
    await handle.close()
  }
}

interface Slice {
  readonly firstRow: number
  readonly rows: number
  /** A text says why the row cannot be read. */
  readonly fieldsAt: (index: number) => Fields | string
}

async function* readSlices(file: AsyncBuffer, metadata: FileMetaData, { format }: RowContext): AsyncGenerator<Slice> {
  const flat = parquetSchema(metadata).children.filter(({ children }) => children.length === 0)
  const { at, fault } = locateColumns(
    format,
    flat.map(({ element }) => element.name),
  )
  const wanted = formatColumns.flatMap((column) => {
    const element = flat[at[column]]?.element
    return element === undefined
      ? []
      : [{ column, name: element.name, read: createParquetValueReader(column, element) }]
  })
  checkColumns(metadata, new Set(wanted.map(({ name }) => name)))
  const scan = await parquetScan({
    file,
    metadata,
    columns: wanted.map(({ name }) => name),
    compressors: parquetCompressors,
    parsers: stampParsers,
  })
  for (const range of scan.ranges) {
    for (let rowStart = range.rowStart; rowStart < range.rowEnd; rowStart += ROWS_PER_READ) {
      const rowEnd = Math.min(rowStart + ROWS_PER_READ, range.rowEnd)
      const slice = { firstRow: rowStart, rows: rowEnd - rowStart }
      if (fault !== undefined) {
        yield { ...slice, fieldsAt: () => fault }
        continue
      }
      const values: Partial<Record<FormatColumn, (index: number) => FieldValue>> = {}
      for (const { column, name, read } of wanted) {
        // One after the other, so that the pages of one column are in memory at a time.
        const data = await scan.readColumn({ column: name, rowStart, rowEnd })
        values[column] = (index) => read(data[index])
      }
      yield { ...slice, fieldsAt: (index) => byColumn((column) => values[column]?.(index)) }
    }
  }
}

function checkColumns({ row_groups: groups }: FileMetaData, names: ReadonlySet<string>): void {
  for (const { columns } of groups) {
    for (const { meta_data: column } of columns) {
      const [name = ''] = column?.path_in_schema ?? []
      if (column === undefined || !names.has(name)) continue
      if (!isReadableCodec(column.codec)) {
        throw new Error(
          `column '${name}' is packed with ${column.codec}, which ${column.codec === 'ZSTD' ? 'Node reads from 22.15 on' : 'is not read here'}. Write the file with SNAPPY or GZIP`,
        )
      }
      if (column.total_compressed_size > COLUMN_BYTES_MAX) {
        throw new Error(
          `a row group holds more than ${COLUMN_BYTES_MAX} bytes of column '${name}'. Write the file with smaller row groups, such as 1,000,000 rows`,
        )
      }
    }
  }
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat()
  return {
    byteLength: size,
    async slice(start, end = size) {
      // A broken footer points anywhere; memory is given only for bytes that are there.
      if (start < 0 || end > size || end < start) throw new RangeError('it points beyond its own end')
      const bytes = new Uint8Array(end - start)
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
      if (bytesRead !== bytes.length) throw new RangeError('it became shorter while it was read')
      return bytes.buffer
    },
  }
}

function refusal(file: string, line: number, reason: string, fields: Fields | string): Refusal {
  const text =
    typeof fields === 'string'
      ? ''
      : Object.values(fields)
          .filter((value) => value !== undefined)
          .join(',')
  return { file, line, reason, text: shorten(text) }
}
