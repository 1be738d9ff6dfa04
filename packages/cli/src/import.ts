import type { Client } from '@barkeep/client'
import {
  type BarBatch,
  type FileFormat,
  type ReadBarsOptions,
  readBars,
  readTold,
  type ToldField,
} from '@barkeep/connectors'
import { BarkeepError, isKeptInterval, type KeptInterval, keptIntervals } from '@barkeep/core'
import { findFormat, importFormats } from './import-formats.js'
import { postBatch } from './post-batch.js'
import { Progress, type ProgressOptions } from './progress.js'
import { RefusedFile } from './refused-file.js'
import { readConfig, withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Instruments that the report names; there may be thousands. */
const CREATED_SHOWN_MAX = 10

/** Reads files in a declared format and posts their bars; says what was read, kept, replaced and refused. */
export async function importBars(
  paths: readonly string[],
  options: Flags & { strict?: boolean },
  flags: Flags,
): Promise<void> {
  const found = findFormat(importFormats(readConfig(flags)), options.format)
  const format = { ...found, ...readTold(toldBy(options), flagOf) }
  const interval = options.interval === undefined ? undefined : readKeptInterval(options.interval)
  const { exchange, symbol, refused = 'refused.csv', strict = false } = options
  const work = async (client: Client) => {
    const exchanges = await client.exchanges().toArray()
    const given = {
      exchanges,
      strict,
      ...(exchange !== undefined && { exchange }),
      ...(symbol !== undefined && { symbol }),
      ...(interval !== undefined && { interval }),
    }
    await importFiles(client, { paths, format, given, refusedPath: refused })
  }
  await withClient(flags, work, options.server)
}

export interface ImportJob {
  readonly paths: readonly string[]
  readonly format: FileFormat
  readonly given: ReadBarsOptions
  /** Where refused rows are written when they are too many to show. */
  readonly refusedPath: string
  readonly output?: ProgressOptions['output']
  /** Takes the report, line by line. */
  readonly report?: (line: string) => void
}

/**
 * Reads the next batch while the last is being kept. What was kept before an error stays kept, and the report says how
 * much that is; to import the same again replaces bars, and doubles none. Throws INVALID_ROWS where nothing was kept.
 */
export async function importFiles(
  client: Pick<Client, 'createBars'>,
  { paths, format, given, refusedPath, output, report = console.log }: ImportJob,
): Promise<void> {
  const progress = new Progress(`Import of ${format.id}`, output === undefined ? {} : { output })
  const refused = new RefusedFile(refusedPath, (line) => progress.print(line))
  const total = { read: 0, kept: 0, replaced: 0 }
  const created: string[] = []
  const keep = async (batch: BarBatch) => {
    const posted = await postBatch(client, batch, { source: format.id, strict: given.strict === true })
    total.read += batch.linesRead
    total.kept += posted.rows
    total.replaced += posted.replaced
    created.push(...posted.created)
    await refused.write([...batch.refused, ...posted.refused])
    progress.show(batch.bytesRead / Math.max(1, batch.bytesTotal), total.read)
  }
  let keeping = Promise.resolve()
  try {
    for await (const batch of readBars(paths, format, given)) {
      await keeping
      keeping = keep(batch)
      // It is awaited above or below; until then its failure must not count as one that nobody handles.
      keeping.catch(() => undefined)
    }
    await keeping
    progress.show(1, total.read)
    if (total.read > 0 && total.kept === 0) throw nothingKept(total.read)
  } finally {
    await keeping.catch(() => undefined)
    progress.stop()
    report(`read ${total.read}, kept ${total.kept} (of which ${total.replaced} replaced), refused ${refused.count}`)
    if (created.length > 0) report(`new instruments: ${listed(created)}`)
    for (const [reason, count] of refused.reasons) report(`  ${reason}: ${count}`)
    if (refused.isWritten) report(`All refused rows with their reasons: ${refused.path}`)
    await refused.close()
  }
}

/** A script should not go on as if there were bars now. */
function nothingKept(read: number): BarkeepError {
  return new BarkeepError('INVALID_ROWS', {
    message: `Of ${read} lines none was kept: see the reasons, and whether --format and what goes with it are those of the files.`,
  })
}

/** A wrong symbol or exchange shows as an instrument that nobody meant to make. */
function listed(instruments: readonly string[]): string {
  const more = instruments.length - CREATED_SHOWN_MAX
  return `${instruments.slice(0, CREATED_SHOWN_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** A flag is a text, also where its value is a number. */
function toldBy({ dateStyle, timeZone, label, volumeUnit }: Flags) {
  const unit = volumeUnit === undefined || Number.isNaN(Number(volumeUnit)) ? volumeUnit : Number(volumeUnit)
  return { dateStyle, timeZone, label, volumeUnit: unit }
}

/** `volumeUnit` → `--volume-unit`. */
function flagOf(field: ToldField): string {
  return `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function readKeptInterval(text: string): KeptInterval {
  if (isKeptInterval(text)) return text
  throw new BarkeepError('INVALID_PARAMETER', { message: `interval: bars are kept as ${keptIntervals.join(', ')}.` })
}
