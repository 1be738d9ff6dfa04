import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BarkeepError } from '@barkeep/core'

/** A file of the spool; whoever asked for it disposes of it. */
export interface SpoolFile {
  readonly path: string
  readonly bytes: number
  dispose(): Promise<void>
}

export interface Spool {
  /** Writes a body down, whole or not at all. Throws BODY_TOO_LARGE, STORE_UNAVAILABLE, and what the body throws. */
  take(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<SpoolFile>
  /** The path of a file that does not exist yet, for the engine to write. */
  newPath(): string
}

/**
 * Bodies wait on disk, never in memory: a file is parsed several times faster than a buffer handed over, and a body
 * that breaks off or is too large has touched nothing. The directory is ours; what an earlier process left is deleted.
 */
export function openSpool(directory: string): Spool {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const newPath = () => join(directory, randomUUID())
  return {
    newPath,
    async take(body, bytesMax) {
      const path = newPath()
      const dispose = () => rm(path, { force: true })
      try {
        return { path, bytes: await writeBody(path, body, bytesMax), dispose }
      } catch (error) {
        await dispose()
        throw error
      }
    },
  }
}

/** Bytes of a body that are written at once. */
const pieceBytes = 1_048_576

async function writeBody(path: string, body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<number> {
  const file = await open(path, 'wx').catch(refuseToWrite)
  try {
    let bytes = 0
    let held: Uint8Array[] = []
    let heldBytes = 0
    // A piece is written while the next one gathers: chunks of a socket are too small to be written one by one.
    let writing: Promise<unknown> = Promise.resolve()
    for await (const chunk of body) {
      bytes += chunk.byteLength
      if (bytes > bytesMax) {
        throw new BarkeepError('BODY_TOO_LARGE', {
          message: `The body is larger than ${bytesMax} bytes. Send it in parts, or raise api.bodyBytesMax.`,
        })
      }
      held.push(chunk)
      heldBytes += chunk.byteLength
      if (heldBytes < pieceBytes) continue
      await writing
      writing = file.writev(held).catch(refuseToWrite)
      // Whoever awaits it next sees the error; until then it is not unhandled.
      writing.catch(() => undefined)
      held = []
      heldBytes = 0
    }
    await writing
    if (held.length > 0) await file.writev(held).catch(refuseToWrite)
    return bytes
  } finally {
    await file.close()
  }
}

function refuseToWrite(cause: unknown): never {
  throw new BarkeepError('STORE_UNAVAILABLE', {
    message: 'The body cannot be written down. Check that the data directory can be written and has space left.',
    cause,
  })
}
