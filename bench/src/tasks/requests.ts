import { Agent, get } from 'node:http'
import type { TaskFile } from '../child.js'

export const requests: TaskFile<{ urls: readonly string[] }, { seconds: number; bytes: number }[]> = {
  file: 'requests',
}

/** Asks one after the other over one connection, and times each until its last byte. */
export async function task({ urls }: { urls: readonly string[] }): Promise<{ seconds: number; bytes: number }[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const answers = []
  for (const url of urls) {
    const startMs = performance.now()
    const bytes = await new Promise<number>((resolve, reject) => {
      get(url, { agent }, (response) => {
        let read = 0
        response.on('data', (chunk: Buffer) => {
          read += chunk.byteLength
        })
        response.on('end', () =>
          response.statusCode === 200 ? resolve(read) : reject(new Error(`${url}: ${response.statusCode}`)),
        )
      }).once('error', reject)
    })
    answers.push({ seconds: (performance.now() - startMs) / 1_000, bytes })
  }
  agent.destroy()
  return answers
}
