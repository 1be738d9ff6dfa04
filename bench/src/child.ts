import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Each running query of the embedded engine holds a thread of Node's pool. */
const THREADS = '32'
const entry = new URL('./child-entry.js', import.meta.url)

/** What a file of `tasks/` exports as `task`: it takes and gives plain data, and runs in a process of its own. */
export type Task<Input, Output> = (input: Input) => Promise<Output>

export interface Finished<Output> {
  readonly output: Output
  /** Resident memory of the process at its highest. */
  readonly peakBytes: number
  /** Processor time of the task, all threads, user and system. */
  readonly cpuSeconds: number
}

export interface Service<Output> {
  readonly output: Output
  readonly pid: number
  /** Sends it a message and gives its next one. */
  ask(message: object): Promise<unknown>
  stop(): Promise<void>
}

/** Runs the task of a file in a fresh process: its memory is its own, and no run is warmed up by the one before. */
export async function runTask<Input, Output>(file: TaskFile<Input, Output>, input: Input): Promise<Finished<Output>> {
  const { child, answer } = await start(file, input)
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
  return answer
}

/** Starts a task that goes on serving after it has answered, until it is stopped. */
export async function startService<Input, Output>(
  file: TaskFile<Input, Output>,
  input: Input,
): Promise<Service<Output>> {
  const { child, answer } = await start(file, input)
  return {
    output: answer.output,
    pid: child.pid ?? 0,
    async ask(message) {
      const answered = once(child, 'message')
      child.send(message)
      const [answer] = await answered
      return answer
    },
    async stop() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

/** A file of `tasks/`, with the types of its task. */
export interface TaskFile<Input, Output> {
  readonly file: string
  /** Never there: it carries the types. */
  readonly task?: Task<Input, Output>
}

async function start<Input, Output>(
  { file }: TaskFile<Input, Output>,
  input: Input,
): Promise<{ child: ChildProcess; answer: Finished<Output> }> {
  const child = fork(entry, [file], {
    serialization: 'advanced',
    env: { ...process.env, UV_THREADPOOL_SIZE: THREADS },
  })
  const answered = new Promise<Finished<Output>>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Finished<Output>)) // child-entry.ts sends nothing else
    child.once('exit', (code, signal) => reject(new Error(`${file} ended with ${code ?? signal} before its answer`)))
  })
  child.send({ input })
  return { child, answer: await answered }
}
