import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { openPromise } from 'yauzl'
import { decodeLines } from './decode-lines.js'

const CHUNK_BYTES = 64 * 1024
/** Packed text of bars takes a tenth; what unpacks to hundreds of times its size was made to fill a disk or a day. */
export const UNPACKED_RATIO_MAX = 200
/** So much may unpack from however little. */
export const UNPACKED_BYTES_FREE = 64 * 1024 * 1024

/** One text within a file: the file itself, or an entry of a zip. */
export interface OpenText {
  /** The path, followed by the entry's name where the file is a zip. */
  readonly name: string
  /** Lines without their ends, as many at once as a chunk held. An end after the last line begins no line. */
  readonly lines: AsyncIterable<readonly string[]>
  /** Bytes of the file consumed so far, as they are on the disk. */
  readonly bytesRead: () => number
}

/** The texts of a file: one, or as many as a zip has entries. Throws when the file is broken or unpacks to too much. */
export async function* openTexts(path: string, encoding: string, bytesPacked: number): AsyncGenerator<OpenText> {
  if (/\.zip$/i.test(path)) {
    yield* openZip(path, encoding, bytesPacked)
    return
  }
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  const bytesRead = () => file.bytesRead
  if (!/\.gz$/i.test(path)) {
    yield { name: path, lines: decodeLines(file, encoding), bytesRead }
    return
  }
  // The callback is needed for errors to travel; the reader of the result meets them.
  const unpacked = pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
  const limited = withinRatio(unpacked, { unpacked: 0 }, bytesPacked)
  yield { name: path, lines: decodeLines(limited, encoding), bytesRead }
}

async function* openZip(path: string, encoding: string, bytesPacked: number): AsyncGenerator<OpenText> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false })
  // Entries may overlap, so that many of them unpack the same bytes: what counts is what all of them make of the file.
  const total = { unpacked: 0 }
  let bytesBefore = 0
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/') || entry.fileName.startsWith('__MACOSX/')) continue
      const { compressedSize, uncompressedSize } = entry
      const unpackedBefore = total.unpacked
      const limited = withinRatio(await zip.openReadStreamPromise(entry), total, bytesPacked)
      const share = () => (total.unpacked - unpackedBefore) / Math.max(1, uncompressedSize)
      const before = bytesBefore
      yield {
        name: `${path}/${entry.fileName}`,
        lines: decodeLines(limited, encoding),
        bytesRead: () => Math.min(bytesPacked, before + Math.round(share() * compressedSize)),
      }
      bytesBefore += compressedSize
    }
  } finally {
    zip.close()
  }
}

async function* withinRatio(
  chunks: AsyncIterable<Uint8Array>,
  total: { unpacked: number },
  bytesPacked: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    total.unpacked += chunk.byteLength
    if (total.unpacked > UNPACKED_BYTES_FREE && total.unpacked > bytesPacked * UNPACKED_RATIO_MAX) {
      throw new RangeError(
        `it unpacks to more than ${UNPACKED_RATIO_MAX} times its size. If that is right, unpack it and import the text`,
      )
    }
    yield chunk
  }
}
