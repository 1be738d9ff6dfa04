import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const command = new URL('../../packages/cli/bin/barkeep.cjs', import.meta.url).pathname

export interface ServerProcess {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** `barkeep serve` on a free port, in a process of its own. `directory` is its data directory, `flags` are further settings. */
export async function startServerProcess(directory: string, flags: readonly string[] = []): Promise<ServerProcess> {
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', '--data', directory, ...flags], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  // A bench that fails leaves no server behind.
  const kill = () => child.kill()
  process.once('exit', kill)
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\/\/\S+:\d+/.exec(line)?.[0]
    if (url === undefined) continue
    // A pipe that nobody reads would stop the server one day.
    child.stdout.resume()
    return {
      url,
      pid: child.pid ?? 0,
      async stop() {
        child.kill()
        await exited
        process.off('exit', kill)
      },
    }
  }
  throw new Error('The server ended before it listened.')
}
