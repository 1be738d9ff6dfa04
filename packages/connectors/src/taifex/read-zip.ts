import { promisify } from 'node:util'
import { crc32, inflateRaw } from 'node:zlib'
import { upstreamError } from '@barkeep/core'

const LOCAL_HEADER = 0x04034b50
const DIRECTORY_HEADER = 0x02014b50
const DIRECTORY_END = 0x06054b50
const LOCAL_BYTES = 30
const DIRECTORY_BYTES = 46
const END_BYTES = 22
const STORED = 0
const DEFLATED = 8
/** The end of a zip may be followed by a comment of this length at most. */
const COMMENT_BYTES_MAX = 65_535

const inflate = promisify(inflateRaw)

/** Whether a body begins as a zip does. */
export function isZip(body: Uint8Array): boolean {
  return body[0] === 0x50 && body[1] === 0x4b
}

/**
 * The content of the first file in a zip. Throws UPSTREAM_FAILED where the zip is broken, since another try may bring it
 * whole, and UPSTREAM_CHANGED where it is packed in another way or has more than `bytesMax` bytes unpacked.
 */
export async function readZip(archive: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  const entry = directoryOf(bytes)
  if (entry === undefined || bytes.length < entry + DIRECTORY_BYTES) throw broken('it has no directory')
  const method = bytes.readUInt16LE(entry + 10)
  const sum = bytes.readUInt32LE(entry + 16)
  const [packedSize, size] = [bytes.readUInt32LE(entry + 20), bytes.readUInt32LE(entry + 24)]
  const local = bytes.readUInt32LE(entry + 42)
  if (size > bytesMax) throw upstreamError('UPSTREAM_CHANGED', `A zip holds ${size} bytes, more than ${bytesMax}.`)
  if (local + LOCAL_BYTES > bytes.length || bytes.readUInt32LE(local) !== LOCAL_HEADER)
    throw broken('a file is missing')
  // The header before the content may be longer than its entry in the directory says.
  const start = local + LOCAL_BYTES + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
  const content = await unpacked(bytes.subarray(start, start + packedSize), method, bytesMax)
  if (content.length !== size || crc32(content) !== sum) throw broken('its content is not what it says')
  return content
}

/** Where the directory begins; undefined where there is none. */
function directoryOf(bytes: Buffer): number | undefined {
  const first = Math.max(0, bytes.length - END_BYTES - COMMENT_BYTES_MAX)
  for (let end = bytes.length - END_BYTES; end >= first; end--) {
    if (bytes.readUInt32LE(end) !== DIRECTORY_END) continue
    const directory = bytes.readUInt32LE(end + 16)
    return directory + 4 <= end && bytes.readUInt32LE(directory) === DIRECTORY_HEADER ? directory : undefined
  }
  return undefined
}

async function unpacked(packed: Buffer, method: number, bytesMax: number): Promise<Buffer> {
  if (method === STORED) return packed
  if (method !== DEFLATED) throw upstreamError('UPSTREAM_CHANGED', `A zip is packed by the method ${method}.`)
  try {
    return await inflate(packed, { maxOutputLength: bytesMax })
  } catch (cause) {
    throw broken('its content cannot be unpacked', cause)
  }
}

function broken(why: string, cause?: unknown): Error {
  return upstreamError('UPSTREAM_FAILED', `A zip is broken: ${why}.`, { cause })
}
