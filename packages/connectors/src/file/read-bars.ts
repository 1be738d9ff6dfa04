import { stat } from 'node:fs/promises'
import { BarkeepError, invalidParameter } from '@barkeep/core'
import { type BarBatch, createBatchBuilder, type Refusal } from './bar-batch.js'
import { checkFormat } from './check-format.js'
import { expandPaths } from './expand-paths.js'
import type { FileFormat } from './format.js'
import type { ReadChunk } from './read-chunk.js'
import { readParquet } from './read-parquet.js'
import type { RowContext } from './read-row.js'
import { isParquet, readTexts } from './read-text.js'
import { type Given, rowContext } from './row-context.js'

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
 * that of a daily bar the session open. Each line is kept or refused, never both. Before it throws for the sake of a
 * file or a line, it hands over what was read before.
 * Throws UNREADABLE_FILE, UNKNOWN_EXCHANGE, INVALID_SETTING (a format that contradicts itself), INVALID_PARAMETER (one symbol for
 * several files), INVALID_ROWS (strict), and the signal's reason when it is aborted.
 */
export async function* readBars(
  paths: readonly string[],
  format: FileFormat,
  options: ReadBarsOptions,
): AsyncGenerator<BarBatch, void, undefined> {
  checkFormat(format, `the format '${format.id}'`)
  const { linesPerBatch = LINES_PER_BATCH, signal } = options
  const files = await inputFiles(paths, format, options)
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let bytesRead = 0
  let batch = createBatchBuilder(files[0]?.context.interval ?? '1d')
  try {
    for (const file of files) {
      if (batch.interval !== file.context.interval) {
        if (batch.linesRead() > 0) yield batch.take(bytesRead, bytesTotal)
        batch = createBatchBuilder(file.context.interval)
      }
      for await (const chunk of readFile(file)) {
        signal?.throwIfAborted()
        const take = () => batch.take(bytesRead + chunk.bytesRead, bytesTotal)
        let line = chunk.firstLine
        for (const result of chunk.results) {
          if ('reason' in result) {
            if (options.strict === true && !noTradeReasons.includes(result.reason)) throw invalidRow(result)
            batch.refuse(result)
          } else {
            if (!batch.fits(result)) yield take()
            batch.keep(result, chunk.file, line)
          }
          if (batch.linesRead() >= linesPerBatch) yield take()
          line += 1
        }
      }
      bytesRead += file.bytes
    }
  } catch (error) {
    if (signal?.aborted !== true && batch.linesRead() > 0) yield batch.take(bytesRead, bytesTotal)
    throw error
  }
  if (batch.linesRead() > 0) yield batch.take(bytesRead, bytesTotal)
}

interface InputFile {
  readonly path: string
  readonly bytes: number
  readonly context: RowContext
}

/** All names are looked at before any line is, so that a wrong one costs nothing. */
async function inputFiles(paths: readonly string[], format: FileFormat, given: Given): Promise<InputFile[]> {
  const files: InputFile[] = []
  const found = await expandPaths(paths, format)
  if (given.symbol !== undefined && found.length > 1) {
    throw invalidParameter(
      'symbol',
      given.symbol,
      `'${given.symbol}' names one instrument, but there are ${found.length} files: import them one by one.`,
    )
  }
  for (const path of found) {
    const context = rowContext(path, format, given)
    try {
      files.push({ path, context, bytes: (await stat(path)).size })
    } catch (cause) {
      throw unreadable(path, cause)
    }
  }
  return files
}

async function* readFile({ path, context, bytes }: InputFile): AsyncGenerator<ReadChunk> {
  try {
    yield* isParquet(context.format, path) ? readParquet(path, context) : readTexts(path, context, bytes)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Turns what the disk, the zip, the gzip or the Parquet said into an error that names the file. */
function unreadable(path: string, cause: unknown): BarkeepError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BarkeepError('UNREADABLE_FILE', { message: `${path} cannot be read: ${reason}.`, cause })
}

function invalidRow({ file, line, reason, text }: Refusal): BarkeepError {
  const message = `${file}, line ${line}: ${reason}: ${text}`
  return new BarkeepError('INVALID_ROWS', { message, errors: [{ code: 'INVALID_ROWS', message, resource: file }] })
}
