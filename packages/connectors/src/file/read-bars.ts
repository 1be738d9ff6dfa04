import { BarkeepError, shorten } from '@barkeep/core'
import { type BarBatch, createBatchBuilder, type Refusal } from './bar-batch.js'
import { checkFormat } from './check-format.js'
import { expandPaths } from './expand-paths.js'
import type { FileFormat } from './format.js'
import { openTexts, unreadable } from './open-lines.js'
import { createRowReader, type RowContext } from './read-row.js'
import { type Given, rowContext } from './row-context.js'
import { csvFields, ndjsonFields, type ReadFields } from './row-fields.js'

const LINES_PER_BATCH = 50_000

export interface ReadBarsOptions extends Given {
  /** Most lines in a batch, kept and refused; 50,000 unless told otherwise. */
  readonly linesPerBatch?: number
  /** Throws INVALID_ROWS at the first line refused for anything but the absence of trades. */
  readonly strict?: boolean
  readonly signal?: AbortSignal
}

/** Reasons that are no fault of a file: it says that there was no trade, or none with a price. */
export const noTradeReasons: readonly string[] = ['no trade', 'volume without a price']

/**
 * Bars of files and directories, in batches; memory does not grow with the files.
 * Prices as in the source, in the currency of the exchange; volume in shares; `ts` the start of the bar in UTC,
 * that of a daily bar the session open. Each line is kept or refused, never both.
 * Throws UNREADABLE_FILE, UNKNOWN_EXCHANGE, INVALID_SETTING (a format that contradicts itself), INVALID_ROWS (strict),
 * and the signal's reason when it is aborted.
 */
export async function* readBars(
  paths: readonly string[],
  format: FileFormat,
  options: ReadBarsOptions,
): AsyncGenerator<BarBatch, void, undefined> {
  checkFormat(format)
  const linesMax = options.linesPerBatch ?? LINES_PER_BATCH
  // All names are looked at before any line is, so that a wrong one costs nothing.
  const files = (await expandPaths(paths, format)).map((path) => ({ path, context: rowContext(path, format, options) }))
  let batch = createBatchBuilder(files[0]?.context.interval ?? '1d')
  for (const { path, context } of files) {
    if (batch.interval !== context.interval) {
      if (batch.linesRead() > 0) yield batch.take()
      batch = createBatchBuilder(context.interval)
    }
    for await (const lines of readFileLines(path, context, options.signal)) {
      for (const line of lines) {
        if (options.strict === true && typeof line !== 'string' && !noTradeReasons.includes(line.reason)) {
          throw invalidRow(line)
        }
        batch.add(line)
        if (batch.linesRead() >= linesMax) yield batch.take()
      }
    }
  }
  if (batch.linesRead() > 0) yield batch.take()
}

/** Every line of a file but headers, as canonical CSV or its refusal; as many at once as a chunk held. */
async function* readFileLines(
  path: string,
  context: RowContext,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly (string | Refusal)[]> {
  try {
    for await (const text of openTexts(path, context.format.encoding ?? 'utf-8')) {
      const readLine = createLineReader(text.name, context)
      for await (const lines of text.lines) {
        signal?.throwIfAborted()
        yield lines.map(readLine).filter((line) => line !== undefined)
      }
    }
  } catch (cause) {
    throw signal?.aborted === true ? cause : unreadable(path, cause)
  }
}

/** Reads the lines of one text in their order; undefined for the header. */
function createLineReader(file: string, context: RowContext): (line: string) => string | Refusal | undefined {
  const { format } = context
  const isNdjson =
    format.kind === 'ndjson' || (format.kind === 'by-extension' && /\.(?:ndjson|jsonl)(?:\.gz)?$/i.test(file))
  const readRow = createRowReader(context)
  let readFields: ReadFields | undefined
  if (isNdjson) readFields = ndjsonFields(format)
  else if (!format.header) readFields = csvFields(format, undefined)
  let number = 0
  return (line) => {
    number += 1
    if (readFields === undefined) {
      readFields = csvFields(format, line)
      return undefined
    }
    const fields = readFields(line)
    const result = typeof fields === 'string' ? { reason: fields } : readRow(fields)
    return 'csv' in result ? result.csv : { file, line: number, reason: result.reason, text: shorten(line) }
  }
}

function invalidRow({ file, line, reason, text }: Refusal): BarkeepError {
  const message = `${file}, line ${line}: ${reason}: ${text}`
  return new BarkeepError('INVALID_ROWS', { message, errors: [{ code: 'INVALID_ROWS', message, resource: file }] })
}
