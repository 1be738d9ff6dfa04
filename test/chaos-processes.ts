import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const serverScript = fileURLToPath(new URL('worker-process.mjs', import.meta.url))
const publisherScript = fileURLToPath(new URL('chaos-publisher.mjs', import.meta.url))

/** A server as a process of its own, of which tests kill several. */
export interface ServerProcess {
  readonly child: ChildProcess
  readonly port: number
}

/** All processes that a test started, so that none outlives it. */
export class Processes {
  readonly #children: ChildProcess[] = []
  readonly #environment: NodeJS.ProcessEnv

  constructor(environment: NodeJS.ProcessEnv = {}) {
    this.#environment = { ...process.env, UV_THREADPOOL_SIZE: '32', ...environment }
  }

  /** Starts the built server with these settings. Rejects when it ends before it says where it is. */
  async startServer(flags: object): Promise<ServerProcess> {
    const child = this.spawn(serverScript, 'serve', JSON.stringify(flags))
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`The server ended with ${code}.`)
    })
    failed.catch(() => undefined)
    const [url] = await Promise.race([once(linesOf(child), 'line'), failed])
    return { child, port: Number(new URL(url).port) }
  }

  spawn(script: string, ...given: string[]): ChildProcess {
    const child = spawn(process.execPath, [script, ...given], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: this.#environment,
    })
    this.#children.push(child)
    return child
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#children.map(kill))
  }
}

/** `kill -9`, and the wait for the end. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** A message that a publisher was acknowledged. */
export interface Told {
  readonly source: string
  readonly ts: string
  readonly version: number
}

/** Publishers as processes; what they were acknowledged is noted. */
export class Newsroom {
  readonly told: Told[] = []
  readonly #processes: Processes
  readonly #flags: object
  readonly #desks: (ChildProcess | undefined)[]
  #started = 0

  constructor(processes: Processes, count: number, flags: object) {
    this.#processes = processes
    this.#flags = flags
    this.#desks = Array.from({ length: count }, () => this.#start())
  }

  signal(desk: number, name: NodeJS.Signals): void {
    this.#desks[desk]?.kill(name)
  }

  async replace(desk: number): Promise<void> {
    const child = this.#desks[desk]
    if (child !== undefined) await kill(child)
    this.#desks[desk] = this.#start()
  }

  async close(): Promise<void> {
    for (const child of this.#desks) {
      if (child === undefined) continue
      const ended = once(child, 'close')
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      expect((await ended)[0]).toBe(0)
    }
  }

  #start(): ChildProcess {
    this.#started += 1
    const flags = { ...this.#flags, name: `desk${this.#started}` }
    const child = this.#processes.spawn(publisherScript, JSON.stringify(flags))
    linesOf(child).on('line', (line) => this.told.push(JSON.parse(line)))
    return child
  }
}

function linesOf({ stdout }: ChildProcess) {
  if (stdout === null) throw new Error('its output is a pipe')
  return createInterface(stdout)
}
