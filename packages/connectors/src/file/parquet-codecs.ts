import * as zlib from 'node:zlib'
import type { CompressionCodec, Compressors } from 'hyparquet'

type Unpack = (packed: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array

/** Node has Zstandard from 22.15 on; the types of this project are those of the oldest Node that it runs on. */
const zstd: unknown = Reflect.get(zlib, 'zstdDecompressSync')

/** What unpacks the pages of a Parquet file; Snappy is the library's own. A page never unpacks to more than it declares. */
export const parquetCompressors: Compressors = {
  GZIP: limited(zlib.gunzipSync),
  BROTLI: limited(zlib.brotliDecompressSync),
  ...(typeof zstd === 'function' && {
    ZSTD: limited((packed, options) => Reflect.apply(zstd, undefined, [packed, options])),
  }),
}

/** Whether pages of the codec can be read by this Node. */
export function isReadableCodec(codec: CompressionCodec): boolean {
  return codec === 'UNCOMPRESSED' || codec === 'SNAPPY' || codec in parquetCompressors
}

function limited(unpack: Unpack): (packed: Uint8Array, bytes: number) => Uint8Array {
  return (packed, bytes) => unpack(packed, { maxOutputLength: bytes })
}
