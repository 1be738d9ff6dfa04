import { crc32, deflateRawSync } from 'node:zlib'

const LOCAL_HEADER = 0x04034b50
const DIRECTORY_HEADER = 0x02014b50
const DIRECTORY_END = 0x06054b50
const VERSION = 20
const DEFLATED = 8
/** 1980-01-01, the first day that a zip can tell: the same content is the same bytes. */
const DOS_DATE = 0x21

/** A zip of one file. */
export function zipFile(name: string, content: Uint8Array): Uint8Array {
  const packed = deflateRawSync(content)
  const title = Buffer.from(name, 'utf8')
  // What the header of the file and its entry in the directory have in common.
  const facts = Buffer.alloc(26)
  facts.writeUInt16LE(VERSION, 0)
  facts.writeUInt16LE(DEFLATED, 4)
  facts.writeUInt16LE(DOS_DATE, 8)
  facts.writeUInt32LE(crc32(content), 10)
  facts.writeUInt32LE(packed.length, 14)
  facts.writeUInt32LE(content.length, 18)
  facts.writeUInt16LE(title.length, 22)
  const local = Buffer.concat([uint32(LOCAL_HEADER), facts, title, packed])
  const maker = Buffer.from([VERSION, 0])
  const directory = Buffer.concat([uint32(DIRECTORY_HEADER), maker, facts, Buffer.alloc(14), title])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, directory, uint32(DIRECTORY_END), end])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
