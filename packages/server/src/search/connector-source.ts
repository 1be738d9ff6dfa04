import { type Connector, type FoundHit, isAbsence, type Task, type TaskResult } from '@barkeep/core'
import type { AskNow } from '../crawl/ask-now.js'
import type { Clock } from '../crawl/limiter/clock.js'
import { taskKey } from '../crawl/queue/task-key.js'
import type { SearchSource } from './search-source.js'

export interface ConnectorSourceParts {
  readonly askNow: AskNow
  readonly clock: Clock
  /** Pages of one search. */
  readonly pagesMax: number
}

/** Answers that are remembered, of one connector. */
const REMEMBERED_MAX = 100

interface Remembered {
  readonly result: TaskResult
  readonly untilMs: number
}

/** An upstream that can be searched, a page a task as with every crawl; undefined for one that cannot. */
export function createConnectorSource(
  { id, search }: Pick<Connector, 'id' | 'search'>,
  { askNow, clock, pagesMax }: ConnectorSourceParts,
): SearchSource | undefined {
  if (search === undefined) return undefined
  const remembered = new Map<string, Remembered>()
  const asking = new Map<string, Promise<unknown>>()
  const ask = async (task: Task, signal: AbortSignal) => {
    const key = taskKey(task)
    // Two searches that need the same page ask for it once; who waited asks anew where the other was cancelled.
    while (asking.has(key)) await asking.get(key)
    const known = remembered.get(key)
    if (known !== undefined && known.untilMs > clock.now()) return { result: known.result, kept: Promise.resolve() }
    signal.throwIfAborted()
    const answer = askNow(task, signal)
    asking.set(
      key,
      answer.catch(() => undefined),
    )
    try {
      const answered = await answer
      remember(remembered, key, { result: answered.result, untilMs: clock.now() + search.keepMs })
      return answered
    } finally {
      asking.delete(key)
    }
  }
  return {
    id,
    async *search(query, signal): AsyncGenerator<readonly FoundHit[]> {
      const waiting: Task[] = [...search.tasks(query, clock.now())]
      const keeping: Promise<void>[] = []
      for (let pages = 0; pages < pagesMax && waiting.length > 0; pages++) {
        const task = waiting.shift()
        if (task === undefined) break
        const { result, kept } = await ask(task, signal)
        keeping.push(kept)
        // Awaited at the end; that it failed must not go unheard of before.
        kept.catch(() => undefined)
        waiting.push(...result.nextTasks)
        if (!isAbsence(result.data)) yield search.found(result.data, query)
      }
      await Promise.all(keeping)
    },
  }
}

function remember(all: Map<string, Remembered>, key: string, answer: Remembered): void {
  all.delete(key)
  all.set(key, answer)
  const [oldest] = all.keys()
  if (all.size > REMEMBERED_MAX && oldest !== undefined) all.delete(oldest)
}
