import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { Readable } from 'node:stream'
import type { Client } from '@barkeep/client'
import {
  BarkeepError,
  type BodyFormat,
  bodyFormats,
  type ColumnType,
  columnTypes,
  formats,
  invalidParameter,
} from '@barkeep/core'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

const formatOfExtension: Readonly<Record<string, BodyFormat>> = {
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.arrow': 'arrow',
  '.arrows': 'arrow',
  '.parquet': 'parquet',
}

/** Posts files of rows to a dataset, which the first of them makes where it is new. Each file is kept whole or not at all. */
export function importRows(paths: readonly string[], dataset: string, options: Flags, flags: Flags): Promise<void> {
  const contentTypes = paths.map((path) => contentTypeOf(path, options.format))
  const types = options.types === undefined ? undefined : readTypes(options.types)
  const work = async (client: Client) => {
    for (const [index, path] of paths.entries()) {
      const report = await client.dataset(dataset).insert(await bodyOf(path), {
        contentType: contentTypes[index] ?? formats.json,
        ...(types !== undefined && { types }),
        ...(options.key !== undefined && { key: options.key.split(',') }),
        ...(options.title !== undefined && { title: options.title }),
        ...(options.licence !== undefined && { licence: options.licence }),
        ...(options.source !== undefined && { source: options.source }),
      })
      console.log(`${path}: kept ${report.rows} rows in ${dataset}, of which ${report.replaced} replaced`)
    }
  }
  return withClient(flags, work, options.server)
}

async function bodyOf(path: string): Promise<ReadableStream<Uint8Array>> {
  try {
    const file = await open(path)
    return Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array> // Node's type of the same thing
  } catch (cause) {
    throw new BarkeepError('UNREADABLE_FILE', { message: `${path} cannot be read. Check the path.`, cause })
  }
}

function contentTypeOf(path: string, named: string | undefined): string {
  const format = bodyFormats.find((name) => name === named) ?? formatOfExtension[extname(path).toLowerCase()]
  if (format !== undefined) return formats[format]
  throw new BarkeepError('UNKNOWN_FORMAT', {
    message: `${path}: its name does not tell the format. Add --format with one of ${bodyFormats.join(', ')}.`,
  })
}

/** `auto`, or `BirdNo:integer,SurveyDate:date`. */
function readTypes(text: string): 'auto' | Record<string, ColumnType> {
  if (text === 'auto') return text
  const types = text.split(',').map((part): [string, ColumnType] => {
    const [name = '', word] = part.split(':')
    const type = columnTypes.find((one) => one === word)
    if (type !== undefined) return [name, type]
    throw invalidParameter(
      'types',
      part,
      `write column:type, where a type is one of ${columnTypes.join(', ')}; or auto.`,
    )
  })
  return Object.fromEntries(types)
}
