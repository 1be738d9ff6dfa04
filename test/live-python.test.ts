import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient } from '@barkeep/client'
import type { Bar } from '@barkeep/core'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { barAt, type LiveRig, openLiveRig } from './live-rig.js'

// Debian's python3, whose packages it sees; another one that stands before it in the path does not.
const python = '/usr/bin/python3'
const missing = spawnSync(python, ['-c', 'import socketio, websocket, requests']).status !== 0
const packages = 'python3-socketio, python3-websocket and python3-requests'
if (missing && process.env.CI === 'true') throw new Error(`${packages} are missing`)
if (missing) console.warn(`SKIPPED, ${packages} are missing: no other language is tested`)

const example = (name: string) => fileURLToPath(new URL(`../examples/${name}`, import.meta.url))

describe.skipIf(missing)('a client in Python', () => {
  let rig: LiveRig
  beforeAll(async () => {
    rig = await openLiveRig()
  })
  afterAll(() => rig.close())

  test('publishes and listens with the words alone', async () => {
    const bars = ['A', 'B'].map((name) => barAt(rig.session, name, 0))
    const script = fileURLToPath(new URL('live-client.py', import.meta.url))
    const { stdout } = await promisify(execFile)(python, [script, rig.server.url, JSON.stringify(bars)])
    const { subscribed, published, refused, heard } = JSON.parse(stdout)
    expect(subscribed).toMatchObject({ ok: true, topic: 'kmin', instruments: 1, gone: false })
    expect(published).toMatchObject({ ok: true, rows: 2, messages: 2, lease: { token: expect.any(Number) } })
    expect(refused).toMatchObject({ error: { code: 'INVALID_ROWS', status: 422 } })
    expect(heard).toMatchObject([
      { seq: 1, bars: [bars[0]] },
      { seq: 2, ts: bars[0]?.ts, exchange: 'SIM', instruments: 2, missing: [] },
    ])
  })
})

describe.skipIf(missing)('the examples in Python', () => {
  let directory: string
  let server: RunningServer
  let scripts: ChildProcessWithoutNullStreams[]

  beforeEach(async () => {
    scripts = []
    directory = mkdtempSync(join(tmpdir(), 'barkeep-python-'))
    server = await start('0')
  })
  afterEach(async () => {
    for (const script of scripts) script.kill('SIGKILL')
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  })

  /** The start of a bar that only shows that somebody listens; each time it is sent it is told anew. */
  const opening = '2026-11-19T00:59:00Z'
  const start = (port: string) => startServer(loadConfig({ flags: { data: directory, port, 'live.windowDates': '0' } }))
  const run = (name: string, ...args: string[]) => {
    const script = spawn(python, [example(name), ...args], { env: { ...process.env, BARKEEP_URL: server.url } })
    scripts.push(script)
    script.stderr.on('data', (part: Buffer) => process.stderr.write(part))
    const lines: string[] = []
    let openings = 0
    const checks = new Set<() => void>()
    createInterface(script.stdout).on('line', (line) => {
      if (line.includes(opening)) openings += 1
      else lines.push(line)
      for (const check of checks) check()
    })
    const until = (count: number) =>
      new Promise<void>((resolve, reject) => {
        const check = () => lines.length >= count && resolve()
        checks.add(check)
        script.once('exit', (code) => reject(new Error(`${name} ended with ${code} after ${lines.length} lines`)))
        check()
      })
    return { script, lines, until, openings: () => openings }
  }

  const minutes = Array.from({ length: 6 }, (_, minute) =>
    ['A', 'B'].map((symbol) => {
      const ts = `2026-11-19T01:0${minute}:00Z`
      const numbers = { open: 10, high: 12, low: 9, close: 10 + minute / 4, volume: 100 + minute }
      return { instrument: `SIM:${symbol}`, ts, ...numbers, turnover: null, trades: null }
    }),
  )
  const csvOf = ({ instrument, ts, open, high, low, close, volume }: Bar) =>
    [instrument, ts, open, high, low, close, volume].join(',')
  const linesOf = (some: readonly Bar[][]) => some.flat().map((bar) => `${csvOf(bar)}\n`)
  const stored = () =>
    createClient({ url: server.url }).bars(undefined, { interval: '1m', start: '2026-11-19' }).toArray()
  const byKey = (bars: readonly Bar[]) => bars.toSorted((a, b) => (a.instrument + a.ts < b.instrument + b.ts ? -1 : 1))
  /** What the tail prints: Python writes 10.0 where it was told 10.0, so numbers are read again. */
  const printed = (lines: readonly string[]) =>
    lines.map((line) =>
      line
        .split(',')
        .map((field, at) => (at < 2 ? field : Number(field)))
        .join(),
    )

  test('minutes are published and printed, once each, over a restart of the server', async () => {
    const tail = run('tail_minutes.py', 'SIM:A,SIM:B')
    const publisher = run('publish_minutes.py')
    // The tail begins with what is live; that it listens is seen by a bar that comes.
    const client = createClient({ url: server.url })
    const first = await client.publish('kmin')
    const [[bar] = []] = minutes
    while (tail.openings() === 0) await first.send(bar === undefined ? [] : [{ ...bar, ts: opening }])
    await first.close()

    // A minute is complete with the first line of the next.
    publisher.script.stdin.write(linesOf(minutes.slice(0, 3)).join(''))
    await publisher.until(2)
    await tail.until(4)
    await server.close()
    server = await start(new URL(server.url).port)
    publisher.script.stdin.end(linesOf(minutes.slice(3)).join(''))
    const [code] = await once(publisher.script, 'exit')
    expect(code).toBe(0)
    expect(publisher.lines).toHaveLength(minutes.length)
    await tail.until(2 * minutes.length)
    const wanted = minutes.flat().map(csvOf)
    expect(printed(tail.lines).toSorted()).toEqual(wanted.toSorted())
    expect(byKey(await stored()).filter(({ ts }) => ts >= '2026-11-19T01')).toEqual(byKey(minutes.flat()))
  })

  test('a past session is played and ends', async () => {
    await createClient({ url: server.url }).createBars('1m', minutes.flat())
    const tail = run('tail_minutes.py', 'SIM:A', '2026-11-19', '0')
    const [code] = await once(tail.script, 'exit')
    expect(code).toBe(0)
    expect(printed(tail.lines).toSorted()).toEqual(
      minutes
        .flat()
        .filter(({ instrument }) => instrument === 'SIM:A')
        .map(csvOf),
    )
  })

  test('a publisher whose topic was taken over gives way', async () => {
    const publisher = run('publish_minutes.py')
    publisher.script.stdin.write(linesOf(minutes.slice(0, 2)).join(''))
    await publisher.until(1)
    const other = await createClient({ url: server.url }).publish('kmin', { takeover: true })
    publisher.script.stdin.end(linesOf(minutes.slice(2)).join(''))
    const [code] = await once(publisher.script, 'exit')
    expect(code).toBe(1)
    expect(await stored()).toHaveLength(2)
    await other.close()
  })

  test('minutes are posted with what Python comes with', async () => {
    const listener = createClient({ url: server.url }).stream('kmin', undefined, { since: '2026-11-19' })
    // The same with the package that many have, as the guide says it.
    const snippet = `import json, sys, requests
body = json.loads(sys.argv[2])
print(requests.post(sys.argv[1] + "/v1/bars/1d", json=body, headers={}, timeout=30).json()["data"]["rows"])`
    const old = (minutes[1] ?? []).map((bar) => ({ ...bar, ts: '2026-11-18T01:00:00Z' }))
    const { stdout } = await promisify(execFile)(python, ['-c', snippet, server.url, JSON.stringify(old)])
    expect(stdout).toBe('2\n')
    const poster = run('post_minutes.py')
    poster.script.stdin.end(linesOf(minutes.slice(0, 2)).join(''))
    const [code] = await once(poster.script, 'exit')
    expect(code).toBe(0)
    expect(poster.lines).toEqual(['2026-11-19T01:00:00Z 2 bars at 2', '2026-11-19T01:01:00Z 2 bars at 4'])
    const { value } = await listener.next()
    const heard = value?.kind === 'bars' ? byKey(value.bars) : []
    expect(heard).toMatchObject(byKey(minutes.slice(0, 2).flat()))
    await listener.return?.()
    expect(byKey(await stored())).toEqual(byKey(minutes.slice(0, 2).flat()))
  })

  test('minutes are posted once more after a restart of the server, and told', async () => {
    const poster = run('post_minutes.py')
    poster.script.stdin.write(linesOf(minutes.slice(0, 2)).join(''))
    await poster.until(1)
    await server.close()
    poster.script.stdin.end(linesOf(minutes.slice(2)).join(''))
    server = await start(new URL(server.url).port)
    const [code] = await once(poster.script, 'exit')
    expect(code).toBe(0)
    expect(poster.lines).toHaveLength(minutes.length)
    expect(byKey(await stored())).toEqual(byKey(minutes.flat()))
  })

  test.each(['publish_minutes.py', 'post_minutes.py', 'tail_minutes.py'])(
    '%s ends where its key is not valid, and says so',
    async (name) => {
      // As soon as there is a key, everybody needs one.
      const made = await fetch(`${server.url}/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.ownerKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'another', scopes: ['read'] }),
      })
      expect(made.ok).toBe(true)
      const script = spawn(python, [example(name)], {
        env: { ...process.env, BARKEEP_URL: server.url, BARKEEP_KEY: 'bk_mistyped' },
      })
      scripts.push(script)
      let said = ''
      script.stderr.on('data', (part: Buffer) => {
        said += part
      })
      script.stdin.end(linesOf(minutes.slice(0, 1)).join(''))
      const [code] = await once(script, 'close')
      expect([code, said]).toEqual([1, expect.stringContaining('is not valid here')])
      expect(said).not.toContain('Traceback')
    },
  )

  test('a line that is no bar ends a publisher with the reason', async () => {
    for (const name of ['publish_minutes.py', 'post_minutes.py']) {
      const script = spawn(python, [example(name)], { env: { ...process.env, BARKEEP_URL: server.url } })
      scripts.push(script)
      let said = ''
      script.stderr.on('data', (part: Buffer) => {
        said += part
      })
      script.stdin.end('SIM:A,2026-11-19T01:00:00Z,10,9,12,11,100\n')
      const [code] = await once(script, 'close')
      expect([code, said]).toEqual([1, expect.stringMatching(/^INVALID_ROWS: .*high is below low/)])
    }
  })
})

test('every block of Python in the guide stands in an example', () => {
  const guide = readFileSync(new URL('../docs/guide/brokers.md', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/^```py\n(.*?)^```$/gms)].map(([, code = '']) => code.trim())
  const sources = ['publish_minutes.py', 'post_minutes.py', 'tail_minutes.py'].map((name) =>
    readFileSync(example(name), 'utf8'),
  )
  expect(blocks.length).toBeGreaterThan(1)
  expect(blocks.filter((block) => !sources.some((source) => source.includes(block)))).toEqual([])
})
