import type { CrawlPlan, CrawlRequest, Instrument, Task } from '@barkeep/core'

/** A stretch of session dates, half-open, of one instrument; of whole exchanges where none is named. */
export interface CrawlWindow {
  readonly instrument?: string
  readonly start: string
  readonly end: string
}

const MS_PER_DAY = 86_400_000

/**
 * The tasks of a plan that bring some windows, each once, the newest or the oldest first. Plans yield tasks in the order of
 * their dates and do not tell them, so within a window a task is taken to lie where it stands among the others.
 */
export function windowTasks(
  plan: CrawlPlan,
  request: CrawlRequest,
  windows: readonly CrawlWindow[],
  first: 'newest' | 'oldest',
): Task[] {
  const instruments = new Map(request.instruments.map((instrument) => [instrument.instrument, instrument]))
  const placed = new Map<string, { task: Task; day: number }>()
  for (const window of windows) {
    const tasks = tasksOfWindow(plan, request, window, instruments)
    const [start, end] = [Date.parse(window.start) / MS_PER_DAY, Date.parse(window.end) / MS_PER_DAY]
    for (const [index, task] of tasks.entries()) {
      const key = pageOf(task)
      const day = start + ((index + 0.5) / tasks.length) * (end - start)
      if (!placed.has(key)) placed.set(key, { task, day })
    }
  }
  const sign = first === 'newest' ? -1 : 1
  return [...placed.values()].sort((a, b) => sign * (a.day - b.day)).map(({ task }) => task)
}

/** The tasks that bring one window. */
export function tasksOfWindow(
  plan: CrawlPlan,
  request: CrawlRequest,
  { instrument: name, start, end }: CrawlWindow,
  instruments: ReadonlyMap<string, Instrument>,
): Task[] {
  const instrument = name === undefined ? undefined : instruments.get(name)
  const only = name === undefined ? request.instruments : instrument === undefined ? [] : [instrument]
  return [...plan.tasks({ ...request, instruments: only, start, end })]
}

/** What tells pages of one plan apart; a plan writes its params in one order. */
export function pageOf({ handler, params }: Task): string {
  return `${handler} ${JSON.stringify(params)}`
}
