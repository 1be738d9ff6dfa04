import type { TaskFile } from '../child.js'

export interface CountInput {
  readonly url: string
  /** What the answer may be packed with; what `fetch` accepts by itself when absent. */
  readonly acceptEncoding?: string
}

export const countBytes: TaskFile<CountInput, { seconds: number; bytes: number }> = { file: 'count-bytes' }

/** Downloads a body with `fetch` and only counts it, unpacked. */
export async function task({ url, acceptEncoding }: CountInput): Promise<{ seconds: number; bytes: number }> {
  const startMs = performance.now()
  const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding }
  const { status, body } = await fetch(url, { headers })
  if (status !== 200) throw new Error(`${url}: ${status}`)
  let bytes = 0
  if (body !== null) for await (const chunk of body) bytes += chunk.byteLength
  return { seconds: (performance.now() - startMs) / 1_000, bytes }
}
