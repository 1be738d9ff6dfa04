import { stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import {
  type Bar,
  BarkeepError,
  type Exchange,
  formatInstant,
  type Handler,
  type KeptInterval,
  sessionDateOf,
} from '@barkeep/core'
import type { BarBatch } from './bar-batch.js'
import { type FoundFolder, settingsOf } from './folders.js'
import { importedFiles } from './imported-files.js'
import { localOf } from './local-of.js'
import { readBars } from './read-bars.js'
import { createReadings } from './readings.js'

export type FilePageParams = {
  /** The folder's name in the settings, and the file's path within it. */
  readonly folder: string
  readonly path: string
  readonly interval: KeptInterval
  /** Session dates, half-open; what is outside is left out. */
  readonly start: string
  readonly end: string
  /** Bytes, time of change and how it is read: a file that changed is another task. */
  readonly version: string
  /** Parts of the file that were read before, and what they had. */
  readonly part: number
  readonly lines: number
  readonly kept: number
  readonly refused: number
  readonly outside: number
}

/** Lines of one part. Results of as many parts as crawl.uncommittedMax says are in memory together before they are kept. */
const LINES_PER_PART = 5_000
/** Files that stay open between two of their parts. */
const OPEN_MAX = 64
const readings = createReadings(OPEN_MAX)

/**
 * One part of a file. Prices as in the file, in the currency of the exchange; volume in shares; `ts` is the start of the
 * bar in UTC. A file covers nothing: it does not say that what it lacks did not happen.
 * Throws UNREADABLE_FILE, UNKNOWN_EXCHANGE, INVALID_SETTING.
 */
export const filePage: Handler<FilePageParams> = async (task, context) => {
  const { params } = task
  const local = localOf(context)
  const folder = settingsOf(local.setting).find(params.folder)
  const batch = await readPart(folder, params, local.exchanges)
  if (batch === 'changed') {
    // Whoever writes it is not done; it does not count as read, so that the next crawl of the folder begins it anew.
    const refused = [{ row: params.path, reason: 'the file changed while it was read' }]
    return { task, data: { covers: [], refused }, nextTasks: [] }
  }
  if (batch === undefined) {
    const { lines, kept, refused, outside, version, interval } = params
    const window = outside === 0 ? { start: null, end: null } : { start: params.start, end: params.end }
    const row = {
      ...{ file: `${params.folder}/${params.path}`, version, ...window, interval },
      ...{ bytes: Number.parseInt(version, 10), lines, kept, refused, read: formatInstant(context.now()) },
    }
    return { task, data: { rows: [{ dataset: importedFiles.name, rows: [row] }], covers: [] }, nextTasks: [] }
  }
  const all = barsOf(batch)
  const bars = all.filter(createWindow(params, local.exchanges))
  const refused = batch.refused.filter(({ reason }) => reason !== 'no trade')
  const next = {
    ...params,
    part: params.part + 1,
    lines: params.lines + batch.linesRead,
    kept: params.kept + bars.length,
    refused: params.refused + batch.refused.length,
    outside: params.outside + all.length - bars.length,
  }
  return {
    task,
    data: {
      bars: [{ interval: params.interval, bars }],
      covers: [],
      refused: refused.map(({ line, reason, text }) => ({ row: `${params.path}:${line}: ${text}`, reason })),
    },
    nextTasks: [{ ...task, params: next }],
  }
}

async function readPart(
  folder: FoundFolder,
  params: FilePageParams,
  exchanges: readonly Exchange[],
): Promise<BarBatch | 'changed' | undefined> {
  const { path, interval, version, part } = params
  const root = resolve(folder.path)
  const file = resolve(root, path)
  if (!file.startsWith(root + sep)) throw unreadable(params, 'it is not in its folder')
  try {
    const { size, mtimeMs } = await stat(file)
    if (version !== `${size}-${Math.floor(mtimeMs)}-${folder.digest}`) return 'changed'
    return await readings.read(`${file} ${interval} ${version}`, part, () =>
      readBars([file], folder.declaration, {
        exchanges,
        linesPerBatch: LINES_PER_PART,
        interval,
        ...(folder.exchange !== undefined && { exchange: folder.exchange }),
      }),
    )
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // Where folders lie is the operator's business: an answer of the server names them by their names.
    const message = error.message.replaceAll(root, params.folder)
    if (error instanceof BarkeepError) throw new BarkeepError(error.code, { message, cause: error })
    throw unreadable(params, message)
  }
}

/** Lines of canonical CSV, whose instruments have no commas. */
function barsOf({ csv }: BarBatch): Bar[] {
  return csv
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const [instrument = '', ts = '', open, high, low, close, volume, turnover, trades] = line.split(',')
      return {
        ...{ instrument, ts, open: Number(open), high: Number(high), low: Number(low), close: Number(close) },
        ...{ volume: Number(volume), turnover: numberOrNull(turnover), trades: numberOrNull(trades) },
      }
    })
}

function numberOrNull(text = ''): number | null {
  return text === '' ? null : Number(text)
}

/** Whether the session of a bar is wanted. */
function createWindow(
  { start, end }: FilePageParams,
  exchanges: readonly Exchange[],
): (bar: Pick<Bar, 'instrument' | 'ts'>) => boolean {
  const byCode = new Map(exchanges.map((exchange) => [exchange.code, exchange]))
  const dates = new Map<string, string>()
  return ({ instrument, ts }) => {
    const code = instrument.slice(0, instrument.indexOf(':'))
    // Bars of one hour are of one session date.
    const hour = `${code} ${ts.slice(0, 13)}`
    const exchange = byCode.get(code)
    const date = dates.get(hour) ?? (exchange === undefined ? '' : sessionDateOf(exchange, Date.parse(ts)))
    dates.set(hour, date)
    return date >= start && date < end
  }
}

function unreadable({ folder, path }: FilePageParams, reason: string): BarkeepError {
  return new BarkeepError('UNREADABLE_FILE', { message: `${folder}/${path}: ${reason}.` })
}
