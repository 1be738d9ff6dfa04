import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { TaskFile } from '../child.js'

export interface PostInput {
  readonly url: string
  readonly path: string
  readonly type: string
}

export const postFile: TaskFile<PostInput, { seconds: number; rows: number }> = { file: 'post-file' }

/** Sends a file as a body of bars; the clock stops at the answer, when the bars can be read. */
export async function task({ url, path, type }: PostInput): Promise<{ seconds: number; rows: number }> {
  const { size } = await stat(path)
  const startMs = performance.now()
  const sent = request(`${url}/v1/bars/1m`, {
    method: 'POST',
    headers: { 'content-type': type, 'content-length': size },
  })
  const answered = new Promise<unknown>((resolve, reject) => {
    sent.once('response', (response) => resolve(json(response)))
    sent.once('error', reject)
  })
  await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), sent)
  const answer = (await answered) as { data?: { rows: number } } // the envelope of the route
  if (answer.data === undefined) throw new Error(`The server refused ${type}: ${JSON.stringify(answer).slice(0, 300)}`)
  return { seconds: (performance.now() - startMs) / 1_000, rows: answer.data.rows }
}
