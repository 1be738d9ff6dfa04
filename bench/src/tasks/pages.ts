import { createClient } from '@barkeep/client'
import type { TaskFile } from '../child.js'

interface Input {
  readonly url: string
  /** `prefetch` is `plain` with pages asked for before their turn. */
  readonly way: 'rows' | 'plain' | 'prefetch'
  /** Stops at this row, counted from 1. */
  readonly stopAt: number
}

interface Output {
  /** Of each walk; the first meets a server that has read nothing yet. */
  readonly seconds: readonly number[]
  readonly requests: number
  readonly rows: number
}

const ROWS_A_PAGE = 5
const PREFETCH_PAGES = 4
/** A process that has asked for nothing yet takes longer for its first requests than for all others. */
const WARM_UP_REQUESTS = 100
const WALKS = 5

export const pages: TaskFile<Input, Output> = { file: 'pages' }

/** Walks over the dataset `birds` in pages of five with the SDK, several times. */
export async function task({ url, way, stopAt }: Input): Promise<Output> {
  let requests = 0
  const client = createClient({
    url,
    fetch: (input, init) => {
      requests += 1
      return fetch(input, init)
    },
  })
  for (let warm = 0; warm < WARM_UP_REQUESTS; warm++) await client.health()
  const seconds: number[] = []
  let rows = 0
  for (let walk = 0; walk < WALKS; walk++) {
    requests = 0
    rows = 0
    const list =
      way === 'rows'
        ? client.dataset('birds').rows({ limit: ROWS_A_PAGE })
        : client.plain('birds', { take: ROWS_A_PAGE, ...(way === 'prefetch' && { prefetch: PREFETCH_PAGES }) })
    const startMs = performance.now()
    for await (const _ of list) {
      rows += 1
      if (rows === stopAt) break
    }
    seconds.push((performance.now() - startMs) / 1_000)
  }
  return { seconds, requests, rows }
}
