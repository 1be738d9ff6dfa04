import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BarkeepError } from '@barkeep/core'
import { openPromise } from 'yauzl'

/** No bar needs more; without a bound, a file without line ends would be held in memory whole. */
const LINE_CHARACTERS_MAX = 1_000_000

/** One text within a file: the file itself, or an entry of a zip. */
export interface OpenText {
  /** The path, followed by the entry's name where the file is a zip. */
  readonly name: string
  /** Lines without their ends, as many at once as a chunk held. An end after the last line begins no line. */
  readonly lines: AsyncIterable<readonly string[]>
}

/** The texts of a file: one, or as many as a zip has entries. Throws UNREADABLE_FILE when the file is broken. */
export async function* openTexts(path: string, encoding: string): AsyncGenerator<OpenText> {
  try {
    if (/\.zip$/i.test(path)) yield* openZip(path, encoding)
    else yield { name: path, lines: linesOf(openPlain(path), encoding) }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function openPlain(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  // The callback is needed for errors to travel; the reader of the result meets them.
  return /\.gz$/i.test(path) ? pipeline(file, createGunzip(), () => undefined) : file
}

async function* openZip(path: string, encoding: string): AsyncGenerator<OpenText> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false })
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/') || entry.fileName.startsWith('__MACOSX/')) continue
      const stream = await zip.openReadStreamPromise(entry)
      yield { name: `${path}/${entry.fileName}`, lines: linesOf(stream, encoding) }
    }
  } finally {
    zip.close()
  }
}

async function* linesOf(stream: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder(encoding)
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_CHARACTERS_MAX)
      throw new RangeError(`a line has more than ${LINE_CHARACTERS_MAX} characters`)
    yield lines.map(withoutReturn)
  }
  rest += decoder.decode()
  if (rest !== '') yield [withoutReturn(rest)]
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** Turns what the disk, the zip or the gzip said into an error that names the file. */
export function unreadable(path: string, cause: unknown): unknown {
  if (cause instanceof BarkeepError || (cause instanceof Error && cause.name === 'AbortError')) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BarkeepError('UNREADABLE_FILE', { message: `${path} cannot be read: ${reason}.`, cause })
}
