import { createWriteStream, type WriteStream } from 'node:fs'
import { type Refusal, readBars, shippedFormats } from '@barkeep/connectors'
import { BarkeepError, isKeptInterval, keptIntervals, nearestName } from '@barkeep/core'
import type { Flags } from './main.js'
import { withClient } from './serve.js'

const header = 'instrument,ts,open,high,low,close,volume,turnover,trades\n'
/** Refused rows that are shown; all of them are in the file. */
const REFUSED_SHOWN_MAX = 10

/** Reads files in a declared format and posts their bars; says what was read, kept, replaced and refused. */
export function importBars(
  paths: readonly string[],
  options: Flags & { strict?: boolean },
  flags: Flags,
): Promise<void> {
  const ids = shippedFormats.map(({ id }) => id)
  const format = shippedFormats.find(({ id }) => id === options.format)
  if (format === undefined) {
    const near = nearestName(options.format ?? '', ids)
    throw new BarkeepError('UNKNOWN_FORMAT', {
      message: `'${options.format}' is not a format. There are ${ids.join(', ')}.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
    })
  }
  const { interval, exchange } = options
  if (interval !== undefined && !isKeptInterval(interval)) {
    throw new BarkeepError('INVALID_PARAMETER', { message: `interval: bars are kept as ${keptIntervals.join(', ')}.` })
  }
  return withClient(flags, async (client) => {
    const refused = new RefusedFile(options.refused ?? 'refused.csv')
    const total = { read: 0, kept: 0, replaced: 0 }
    const exchanges = await client.exchanges().toArray()
    const batches = readBars(paths, format, {
      exchanges,
      ...(exchange !== undefined && { exchange }),
      ...(interval !== undefined && { interval }),
      ...(options.strict === true && { strict: true }),
    })
    const startedMs = Date.now()
    for await (const batch of batches) {
      total.read += batch.linesRead
      refused.write(batch.refused)
      if (batch.rows > 0) {
        const report = await client.createBars(batch.interval, header + batch.csv, {
          contentType: 'text/csv',
          source: format.id,
        })
        total.kept += report.rows
        total.replaced += report.replaced
      }
      const rate = Math.round((total.read / Math.max(1, Date.now() - startedMs)) * 1_000)
      if (process.stderr.isTTY)
        process.stderr.write(
          `\r\u001b[K${total.read.toLocaleString('en')} rows read, ${rate.toLocaleString('en')} rows/s`,
        )
    }
    if (process.stderr.isTTY) process.stderr.write('\n')
    await refused.close()
    console.log(
      `read ${total.read}, kept ${total.kept} (of which ${total.replaced} replaced), refused ${refused.count}`,
    )
    if (refused.count > REFUSED_SHOWN_MAX) console.log(`All refused rows with their reasons: ${refused.path}`)
  })
}

/** Shows the first refusals, and writes all of them to a file once there are too many to show. */
class RefusedFile {
  readonly path: string
  count = 0
  #file: WriteStream | undefined
  readonly #shown: Refusal[] = []

  constructor(path: string) {
    this.path = path
  }

  write(refusals: readonly Refusal[]): void {
    for (const refusal of refusals) {
      this.count += 1
      if (this.#shown.length < REFUSED_SHOWN_MAX) {
        this.#shown.push(refusal)
        console.error(`${refusal.file}:${refusal.line}: ${refusal.reason}: ${refusal.text}`)
        continue
      }
      if (this.#file === undefined) {
        this.#file = createWriteStream(this.path)
        this.#file.write('file,line,reason,text\n')
        for (const earlier of this.#shown) this.#file.write(csvLine(earlier))
      }
      this.#file.write(csvLine(refusal))
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => (this.#file === undefined ? resolve() : this.#file.end(resolve)))
  }
}

function csvLine({ file, line, reason, text }: Refusal): string {
  return `${[file, String(line), reason, text].map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`
}
