import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.js'
import { machineLine } from './machine.js'
import { createReport } from './report.js'

const ROUNDS = 3
const benchesUrl = new URL('./benches/', import.meta.url)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: String(ROUNDS) } },
})
// A bench that is broken off still leaves no server behind: what it has started goes with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const [name] = positionals
const rounds = Number(values.rounds)
const benches = await loadBenches()
const chosen = benches.find((bench) => bench.name === name)
if (chosen !== undefined && Number.isSafeInteger(rounds) && rounds > 0) await runBench(chosen)
else {
  console.log('npm run bench -- NAME [--rounds N]\n')
  for (const bench of benches) console.log(`  ${bench.name.padEnd(14)}${bench.summary}`)
  if (name !== undefined) process.exitCode = 1
}

async function loadBenches(): Promise<Bench[]> {
  const files = (await readdir(benchesUrl)).filter((file) => file.endsWith('.js')).sort()
  // Each file of this directory exports its bench; one that does not fails here at once.
  const modules = await Promise.all(
    files.map(async (file) => (await import(new URL(file, benchesUrl).href)) as { bench: Bench }),
  )
  return modules.map(({ bench }) => bench)
}

async function runBench(bench: Bench): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), `barkeep-bench-${bench.name}-`))
  try {
    console.log(`${bench.name}: ${bench.summary}\n${machineLine()}\n`)
    await bench.run({ report: createReport(bench.name), rounds, directory })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
