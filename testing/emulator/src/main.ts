import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type FaultKind, faultKinds } from './faults/fault.js'
import { recordedFolder } from './recorded/recorded-folder.js'
import { type Emulator, type EmulatorOptions, startEmulator, type UpstreamId, upstreamIds } from './start-emulator.js'

const help = `Plays upstreams on 127.0.0.1 until Ctrl-C.

  --seed N             the market; 1 unless told
  --port N             port of the first upstream, the others follow; 9100 unless told
  --now INSTANT        market time at the start, such as 2026-11-20T10:00:00+08:00; it goes on from there
  --time-scale N       divides the windows and bans of the limits
  --stocks N           how many stocks the exchange lists; 100 unless told
  --recorded FOLDER    serve recorded bodies for exactly the questions they answer; ../shared/data/recorded where it is
  --generated          serve no recorded bodies
  --fault UPSTREAM:KIND[:TIMES]   may come several times; kinds: ${faultKinds.join(', ')}
`

await main()

async function main(): Promise<void> {
  const { values } = flags()
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const port = whole('port', values.port)
  if (values.recorded !== undefined && !existsSync(values.recorded)) {
    fail(`--recorded: there is no folder '${values.recorded}'.`)
  }
  const recorded = values.generated ? undefined : (values.recorded ?? recordedFolder())
  const emulator = await startOrFail({
    seed: whole('seed', values.seed),
    timeScale: whole('time-scale', values['time-scale']),
    stocks: whole('stocks', values.stocks),
    faults: values.fault.map(faultOf),
    ports: Object.fromEntries(upstreamIds.map((id, index) => [id, port + index])),
    ...(values.now !== undefined && { now: clockFrom(values.now) }),
    ...(recorded !== undefined && { recorded }),
  })
  for (const id of upstreamIds) process.stdout.write(`${id.padEnd(18)} ${emulator.url(id)}\n`)
  process.stdout.write('Ctrl-C stops.\n')
  // A second of the market at a time.
  const telling = setInterval(() => {
    for (const id of upstreamIds) emulator.tell(id)
  }, 1_000)
  telling.unref()
  process.once('SIGINT', () => void emulator.close())
  process.once('SIGTERM', () => void emulator.close())
}

async function startOrFail(options: EmulatorOptions): Promise<Emulator> {
  try {
    return await startEmulator(options)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    return fail(`--port: ${error.message}. Ask for another one.`)
  }
}

function flags() {
  try {
    return parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        port: { type: 'string', default: '9100' },
        now: { type: 'string' },
        'time-scale': { type: 'string', default: '1' },
        stocks: { type: 'string', default: '100' },
        recorded: { type: 'string' },
        generated: { type: 'boolean', default: false },
        fault: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\nSee --help.`)
  }
}

/** A clock that shows `text` now and goes on. */
function clockFrom(text: string): () => number {
  const startMs = Date.parse(text)
  if (Number.isNaN(startMs)) fail(`--now: '${text}' is no instant. Write one such as 2026-11-20T10:00:00+08:00.`)
  const offsetMs = startMs - Date.now()
  return () => Date.now() + offsetMs
}

function faultOf(text: string) {
  const [upstream = '', kind = '', times] = text.split(':')
  if (!isUpstream(upstream)) fail(`--fault: '${upstream}' is not played. Use ${upstreamIds.join(', ')}.`)
  if (!isFaultKind(kind)) fail(`--fault: '${kind}' is no kind of fault. Use ${faultKinds.join(', ')}.`)
  return { upstream, kind, times: times === undefined ? ('always' as const) : whole('fault', times) }
}

function whole(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) fail(`--${name}: '${text}' is not a whole number above zero.`)
  return value
}

function isUpstream(text: string): text is UpstreamId {
  return (upstreamIds as readonly string[]).includes(text)
}

function isFaultKind(text: string): text is FaultKind {
  return (faultKinds as readonly string[]).includes(text)
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
