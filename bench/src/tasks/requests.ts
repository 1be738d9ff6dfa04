import { Agent, get } from 'node:http'
import type { TaskFile } from '../child.js'

export interface RequestsInput {
  readonly urls: readonly string[]
  /** Requests at the same time, each on a connection of its own that stays open; one unless given. */
  readonly connections?: number
}

export interface Answered {
  readonly seconds: number
  readonly bytes: number
}

export const requests: TaskFile<RequestsInput, Answered[]> = { file: 'requests' }

/** Asks for each URL in turn and times it until its last byte; answers in the order of the URLs. */
export async function task({ urls, connections = 1 }: RequestsInput): Promise<Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const answers: Answered[] = []
  let next = 0
  const lane = async () => {
    for (let at = next++; at < urls.length; at = next++) answers[at] = await ask(urls[at] ?? '', agent)
  }
  await Promise.all(Array.from({ length: connections }, lane))
  agent.destroy()
  return answers
}

async function ask(url: string, agent: Agent): Promise<Answered> {
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
  return { seconds: (performance.now() - startMs) / 1_000, bytes }
}
