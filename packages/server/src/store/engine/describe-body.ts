import { open } from 'node:fs/promises'
import type { InputFormat } from '../store.js'
import type { SpoolFile } from './spool.js'

/** Bytes of a body that its columns are inferred from. The engine stops at 25,000 rows before that. */
const inferredBytes = 4_194_304
/** The row that the limit falls into must be whole: bytes that one row may have. */
const rowBytes = 1_048_576
/** How much of a Parquet file's end is looked at: its footer describes all of it. */
const footerBytesMax = inferredBytes

/** Room for what is written around the sample. */
const otherQueryBytes = 4_096

const parquetMagic = Buffer.from('PAR1')
/** Ends a Parquet file: the length of the footer, then the magic bytes. */
const trailerBytes = 8

/**
 * A query that answers `name` and `type` of the columns of a spooled body, and the settings that it needs.
 * The engine gets a sample inside the query, so the answer is the same wherever the engine runs.
 */
export async function describeQuery(file: SpoolFile, format: InputFormat): Promise<DescribeQuery> {
  const sample = format === 'Parquet' ? await parquetFooter(file) : await slice(file, 0, inferredBytes + rowBytes)
  const sql = `DESCRIBE TABLE format(${format}, base64Decode('${sample.toString('base64')}'))`
  return {
    sql,
    // The engine reads 262,144 bytes of a query unless told otherwise.
    settings: {
      max_query_size: sql.length + otherQueryBytes,
      input_format_max_bytes_to_read_for_schema_inference: inferredBytes,
    },
  }
}

export interface DescribeQuery {
  readonly sql: string
  readonly settings: Readonly<Record<string, number>>
}

/** The footer alone reads as a Parquet file whose rows nobody asks for. */
async function parquetFooter(file: SpoolFile): Promise<Buffer> {
  const end = await slice(file, file.bytes - trailerBytes, trailerBytes)
  const isParquet = end.byteLength === trailerBytes && end.subarray(4).equals(parquetMagic)
  const bytes = isParquet ? end.readUInt32LE(0) + trailerBytes : 0
  // What is no Parquet file, or pretends to a footer beyond reason, is left for the engine to refuse.
  if (bytes === 0 || bytes > Math.min(footerBytesMax, file.bytes)) return slice(file, 0, trailerBytes)
  return Buffer.concat([parquetMagic, await slice(file, file.bytes - bytes, bytes)])
}

async function slice(file: SpoolFile, start: number, bytes: number): Promise<Buffer> {
  const from = Math.max(start, 0)
  const buffer = Buffer.alloc(Math.max(0, Math.min(bytes, file.bytes - from)))
  const handle = await open(file.path)
  try {
    let filled = 0
    while (filled < buffer.byteLength) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.byteLength - filled, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  } finally {
    await handle.close()
  }
}
