import type { TaskFile } from '../child.js'

export const countBytes: TaskFile<{ url: string }, { seconds: number; bytes: number }> = { file: 'count-bytes' }

/** Downloads a body with `fetch` and only counts it. */
export async function task({ url }: { url: string }): Promise<{ seconds: number; bytes: number }> {
  const startMs = performance.now()
  const { body } = await fetch(url)
  let bytes = 0
  if (body !== null) for await (const chunk of body) bytes += chunk.byteLength
  return { seconds: (performance.now() - startMs) / 1_000, bytes }
}
