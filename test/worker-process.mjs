// A process of a system of workers, built: `serve` with its settings, or `work` with settings and the URL of the server;
// `hurry` is a worker with short leases.
// Tests start it as a process of its own, to kill it.
import { loadConfig, startServer, startWorker } from '../packages/server/dist/index.js'

const [role, flags, serverUrl] = process.argv.slice(2)
const config = loadConfig({ flags: JSON.parse(flags) })
/** What a kill leaves comes back soon; and a task has more lives than this test takes. */
const hurry = {
  limiter: { leaseMs: 2_500, waiterTtlMs: 2_500, heartbeatMs: 500 },
  queue: { lockMs: 2_000, stalledMs: 300, deathsMax: 50 },
}

try {
  const { url } =
    role === 'serve' ? await startServer(config) : await startWorker(config, serverUrl, role === 'hurry' ? hurry : {})
  process.stdout.write(`${url}\n`)
} catch (error) {
  process.stderr.write(`${error.code ?? 'ERROR'} ${error.message}\n`)
  process.exit(1)
}
