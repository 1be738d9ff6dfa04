import {
  BarkeepError,
  type Connector,
  type LocalContext,
  type Task,
  type TaskResult,
  type UpstreamPage,
  type UpstreamRequest,
} from '@barkeep/core'
import { taskKey } from './queue/task-key.js'

/** A page as it is archived: without secrets. */
export interface RawPage {
  readonly connector: string
  readonly handler: string
  readonly task: string
  readonly params: Task['params']
  /** Position among the pages of its task, from 0. */
  readonly number: number
  readonly page: UpstreamPage
}

export interface TaskOutcome {
  readonly result: TaskResult
  readonly pages: readonly RawPage[]
}

/** What a failed task leaves behind: its pages are archived as well, for they show what the upstream said. */
export class TaskFailure extends Error {
  readonly pages: readonly RawPage[]

  constructor(cause: unknown, pages: readonly RawPage[]) {
    super('The task failed.', { cause })
    this.name = 'TaskFailure'
    this.pages = pages
  }
}

/** What the task asked for last, which is what the failure is about; undefined where nothing came. */
export function urlOf(failure: unknown): string | undefined {
  return failure instanceof TaskFailure ? failure.pages.at(-1)?.page.url : undefined
}

export interface TaskSurroundings {
  readonly connector: Connector
  /** Values of credentials by name. */
  readonly credentials: Readonly<Record<string, string>>
  fetch(request: UpstreamRequest): Promise<UpstreamPage>
  now(): number
  readonly isReadAgain?: boolean
  readonly local?: LocalContext
}

/** Lets the handler of a task do its work. Throws TaskFailure, whose cause is what the handler threw. */
export async function runTask(
  task: Task,
  { connector, credentials, fetch, now, isReadAgain = false, local }: TaskSurroundings,
): Promise<TaskOutcome> {
  const pages: RawPage[] = []
  const key = taskKey(task)
  try {
    const handler = Object.hasOwn(connector.handlers, task.handler) ? connector.handlers[task.handler] : undefined
    if (handler === undefined) throw new RangeError(`${connector.id} has no handler '${task.handler}'.`)
    const result = await handler(task, {
      async fetch(request) {
        if (connector.isLocal === true) throw new RangeError(`${connector.id} is local, so it may not fetch.`)
        const page = await fetch(request)
        if (request.isSecret === true) return page
        const { handler: name, params } = task
        pages.push({ connector: connector.id, handler: name, task: key, params, number: pages.length, page })
        return page
      },
      credential(name) {
        const value = credentials[name]
        if (value !== undefined && value !== '') return value
        throw new BarkeepError('CREDENTIAL_MISSING', {
          message: `${connector.id} needs the credential '${name}'. Set connectors.${connector.id}.credentials.${name}.`,
        })
      },
      now,
      isReadAgain,
      ...(local !== undefined && { local }),
    })
    return { result, pages }
  } catch (cause) {
    throw new TaskFailure(cause, pages)
  }
}
