import { vi } from 'vitest'

/** Runs `barkeep …` in this process; gives what it prints, but for its progress. */
export async function runCommand(line: string): Promise<string> {
  let printed = ''
  const take = (text: string | Uint8Array) => {
    printed += typeof text === 'string' ? text : Buffer.from(text).toString()
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(take),
    vi.spyOn(process.stderr, 'write').mockImplementation(take),
    vi.spyOn(console, 'log').mockImplementation((text: string) => take(`${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text: string) => take(`${text}\n`)),
  ]
  const { argv, exitCode } = process
  process.argv = ['node', ...line.trim().split(/ +/)]
  try {
    vi.resetModules()
    await import('./main.js')
  } finally {
    process.argv = argv
    // A command that fails says so by it; here it would be the tests that failed.
    process.exitCode = exitCode
    for (const spy of spies) spy.mockRestore()
  }
  return printed.replaceAll(/^Import of .*\n/gm, '')
}
