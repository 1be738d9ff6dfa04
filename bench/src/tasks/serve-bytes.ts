import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TaskFile } from '../child.js'

const CHUNK_BYTES = 4 * 1_048_576

export const serveBytes: TaskFile<object, string> = { file: 'serve-bytes' }

/** A bare HTTP server: `/?bytes=N` is answered with N bytes out of one buffer. Answers its URL. */
export async function task(): Promise<string> {
  const buffer = Buffer.alloc(CHUNK_BYTES, 1)
  const server = createServer(async (request, response) => {
    let left = Number(new URL(request.url ?? '/', 'http://localhost').searchParams.get('bytes'))
    for (; left > 0; left -= CHUNK_BYTES) {
      if (!response.write(buffer.subarray(0, left))) await once(response, 'drain')
    }
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
