// The built server on the data directory named in the first argument. Tests start it as a process of its own, to kill it.
import { loadConfig, startServer } from '../packages/server/dist/index.js'

try {
  const { url } = await startServer(loadConfig({ flags: { data: process.argv[2], port: '0' } }))
  process.stdout.write(`${url}\n`)
} catch (error) {
  process.stderr.write(`${error.code ?? 'ERROR'} ${error.message}\n`)
  process.exit(1)
}
