import { join } from 'node:path'
import { tableFromIPC } from '@uwdata/flechette'
import { barsService } from '../bars-service.js'
import type { TaskFile } from '../child.js'
import { cpuSecondsSince } from '../memory.js'

interface Input {
  readonly format: 'json' | 'protobuf' | 'arrow'
  readonly urls: readonly string[]
  /** Where a schema may be written. */
  readonly directory: string
}

export interface ReadOutput {
  /** Of each request, until its rows are there. */
  readonly seconds: readonly number[]
  /** Processor time of the reader for each. */
  readonly cpuSeconds: readonly number[]
  /** Of the last one. */
  readonly rows: number
}

export const readRest: TaskFile<Input, ReadOutput> = { file: 'read-rest' }

/** Asks for each URL in turn and reads the answer into objects, or Arrow into columns. */
export async function task({ format, urls, directory }: Input): Promise<ReadOutput> {
  const { service } = await barsService(join(directory, 'client.proto'))
  const readBar = service.One?.responseDeserialize
  if (readBar === undefined) throw new Error('The schema has no method One any more.')
  const seconds: number[] = []
  let rows = 0
  const cpuSeconds: number[] = []
  for (const url of urls) {
    const startMs = performance.now()
    const cpuBefore = process.cpuUsage()
    const answer = await fetch(`${url}&format=${format}`, { headers: { 'accept-encoding': 'identity' } })
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`)
    if (format === 'json')
      rows = ((await answer.json()) as { data: unknown[] }).data.length // the envelope
    else {
      const bytes = Buffer.from(await answer.arrayBuffer())
      rows = format === 'arrow' ? tableFromIPC(bytes).numRows : delimited(bytes, readBar).length
    }
    seconds.push((performance.now() - startMs) / 1_000)
    cpuSeconds.push(cpuSecondsSince(cpuBefore))
  }
  return { seconds, rows, cpuSeconds }
}

/** Messages, each behind its length as a varint. */
function delimited<Message>(bytes: Buffer, read: (bytes: Buffer) => Message): Message[] {
  const messages: Message[] = []
  for (let at = 0; at < bytes.byteLength; ) {
    let length = 0
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = bytes[at++] ?? 0
      length |= (byte & 0x7f) << shift
    }
    messages.push(read(bytes.subarray(at, at + length)))
    at += length
  }
  return messages
}
