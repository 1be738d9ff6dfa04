import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { builtInExchanges } from '@barkeep/core'
import { afterEach, beforeEach, expect } from 'vitest'
import { type BarBatch, type FileFormat, type ReadBarsOptions, readBars, shippedFormats } from './index.js'

/** A folder of its own for each test of the file that calls this; `put` writes a file into it and gives its path. */
export function useFolder(): {
  path: () => string
  put: (name: string, content: string | Uint8Array) => Promise<string>
} {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'barkeep-file-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  return {
    path: () => folder,
    async put(name, content) {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, content)
      return path
    },
  }
}

export function shipped(id: string): FileFormat {
  const format = shippedFormats.find((known) => known.id === id)
  if (format === undefined) throw new Error(`no format ${id}`)
  return format
}

export async function batchesOf(paths: string[], format: FileFormat, options: Partial<ReadBarsOptions> = {}) {
  const batches: BarBatch[] = []
  for await (const batch of readBars(paths, format, { exchanges: builtInExchanges, ...options })) batches.push(batch)
  return batches
}

/** Rows and refusals of all batches, after checking that every line is one or the other. */
export async function read(paths: string[], format: FileFormat, options: Partial<ReadBarsOptions> = {}) {
  const batches = await batchesOf(paths, format, options)
  for (const batch of batches) {
    expect(batch.rows + batch.refused.length).toBe(batch.linesRead)
    expect(batch.csv.split('\n').length - 1).toBe(batch.rows)
  }
  return {
    rows: batches.flatMap(({ csv }) => csv.split('\n').filter((line) => line !== '')),
    refused: batches.flatMap(({ refused }) => refused.map(({ line, reason }) => `${line}: ${reason}`)),
    lines: batches.reduce((sum, { linesRead }) => sum + linesRead, 0),
  }
}

/** The smallest zip that holds these deflated entries. */
export function zipOf(entries: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(entries)) {
    const raw = Buffer.from(text)
    const packed = deflateRawSync(raw)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(crc32(raw), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(raw.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const attributes = Buffer.alloc(14)
    attributes.writeUInt32LE(offset, 10)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
    locals.push(local)
    centrals.push(Buffer.from('PK\x01\x02\x14\0'), fields, attributes, Buffer.from(name))
    offset += local.length
  }
  const central = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(locals.length, 8)
  end.writeUInt16LE(locals.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, central, end])
}
