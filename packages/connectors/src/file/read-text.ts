import { shorten } from '@barkeep/core'
import { csvReading } from './csv-fields.js'
import { detached } from './detached.js'
import type { FileFormat } from './format.js'
import { type OpenText, openTexts } from './open-lines.js'
import type { ReadChunk } from './read-chunk.js'
import { createRowReader, type RowContext } from './read-row.js'
import { ndjsonFields, type ReadFields } from './row-fields.js'

/** The rows of a text file, or of all texts in a zip. Throws when it is broken or unpacks to too much. */
export async function* readTexts(path: string, context: RowContext, bytesPacked: number): AsyncGenerator<ReadChunk> {
  for await (const text of openTexts(path, context.format.encoding ?? 'utf-8', bytesPacked)) {
    if (isParquet(context.format, text.name)) {
      throw new Error(`${text.name} is Parquet within a zip, which cannot be read in parts. Unpack it first`)
    }
    yield* readText(text, context)
  }
}

/** Whether the format and the ending of the name, where it decides, mean Parquet. */
export function isParquet({ kind }: FileFormat, name: string): boolean {
  return kind === 'parquet' || (kind === 'by-extension' && /\.parquet$/i.test(name))
}

async function* readText(
  { name: file, lines: chunks, bytesRead }: OpenText,
  context: RowContext,
): AsyncGenerator<ReadChunk> {
  const { format } = context
  const readRow = createRowReader(context)
  let readFields = ndjson(format, file)
  let firstLine = 1
  for await (let lines of chunks) {
    const [first] = lines
    if (readFields === undefined && first !== undefined) {
      const reading = csvReading(format, first)
      readFields = reading.readFields
      if (!reading.isFirstRow) {
        lines = lines.slice(1)
        firstLine += 1
      }
    }
    if (readFields === undefined) continue
    const read = readFields
    const results = lines.map((line, index) => {
      const fields = read(line)
      const result = typeof fields === 'string' ? fields : readRow(fields)
      return typeof result === 'string'
        ? { file, line: firstLine + index, reason: result, text: detached(shorten(line)) }
        : result
    })
    yield { file, firstLine, results, bytesRead: bytesRead() }
    firstLine += lines.length
  }
}

/** Undefined for CSV, whose first line decides. */
function ndjson(format: FileFormat, file: string): ReadFields | undefined {
  const { kind } = format
  const isNdjson = kind === 'ndjson' || (kind === 'by-extension' && /\.(?:ndjson|jsonl)(?:\.gz)?$/i.test(file))
  return isNdjson ? ndjsonFields(format) : undefined
}
