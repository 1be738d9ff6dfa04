import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { Agent, createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { SearchHead } from '@barkeep/core'
import type { Bench } from '../bench.js'
import { cpuSecondsOf, forgetPeakOf, peakBytesOf } from '../memory.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'

const followerCounts = [1, 100, 1_000] as const
const QUOTES = 20
const WAIT_SECONDS = 55
const BYTES_PER_KIB = 1_024

export const bench: Bench = {
  name: 'search-followers',
  summary:
    'one change of a search while 1, 100 and 1,000 callers wait for it: processor, memory, how often it is encoded',
  async run({ report, rounds, directory }) {
    const upstream = await startUpstream()
    const data = join(directory, 'data')
    await mkdir(data)
    const config = {
      ...{ 'search.connectors': 'yahoo', 'connectors.yahoo.baseUrl': upstream.url },
      'connectors.yahoo.limits': [{ requests: 1_000, perMs: 1, per: 'host' }],
    }
    await writeFile(join(data, 'barkeep.config.json'), JSON.stringify(config))
    const server = await startServerProcess(data)
    const table: (string | number)[][] = []
    for (let round = 0; round < rounds; round++) {
      for (const followers of followerCounts) {
        const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
        const query = `york ${round} ${followers}`
        const head: SearchHead = JSON.parse(
          (await ask(`${server.url}/v1/search?q=${encodeURIComponent(query)}`)).toString(),
        )
        const current = await settledVersion(server.url, head)
        await forgetPeakOf(server.pid)
        const bytesBefore = (await peakBytesOf(server.pid)) ?? 0
        const path = `${server.url}/v1/searches/${head.uuid}/changes?since=${current}&epoch=${head.epoch}&wait=${WAIT_SECONDS}`
        const answers = Array.from({ length: followers }, () => ask(path, agent))
        while ((await metric(server.url, 'barkeep_search_followers')) < followers) await pause()
        await forgetPeakOf(server.pid)
        const bytesAfter = (await peakBytesOf(server.pid)) ?? 0
        const encodes = await metric(server.url, 'barkeep_search_encodes_total')
        const cpuBefore = (await cpuSecondsOf(server.pid)) ?? 0
        const startMs = performance.now()
        upstream.answer()
        const bodies = await Promise.all(answers)
        const ms = performance.now() - startMs
        const cpuSeconds = ((await cpuSecondsOf(server.pid)) ?? 0) - cpuBefore
        const made = (await metric(server.url, 'barkeep_search_encodes_total')) - encodes
        const different = new Set(bodies.map((body) => body.toString('latin1')))
        if (different.size !== 1) throw new Error('followers of one change got different answers')
        const bytesEach = Math.max(0, bytesAfter - bytesBefore) / followers / BYTES_PER_KIB
        table.push([
          followers,
          round,
          made,
          ...[ms, cpuSeconds * 1_000, bytesEach].map(rounded),
          bodies[0]?.byteLength ?? 0,
        ])
        agent.destroy()
        process.stderr.write('.')
      }
    }
    process.stderr.write('\n')
    await server.stop()
    upstream.stop()
    const columns = [
      'followers',
      'round',
      'encodes',
      'ms until all have it',
      'CPU ms',
      'KiB a follower',
      'bytes of the answer',
    ]
    report.table('One change', columns, table)
  },
}

/** Plays Yahoo's search, and answers when it is told to. */
async function startUpstream() {
  const waiting: ServerResponse[] = []
  const quotes = Array.from({ length: QUOTES }, (_, n) => ({
    ...{ symbol: `YORK${n}`, longname: `New York ${n} Company Holdings of some length, Inc.`, quoteType: 'EQUITY' },
    ...{ exchange: 'NYQ', exchDisp: 'NYSE', score: 1, isYahooFinance: true },
  }))
  const server = createServer((_request, response) => waiting.push(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    answer() {
      for (const response of waiting.splice(0)) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ quotes }))
      }
    },
    stop: () => server.close(),
  }
}

/** The version that stays until the upstream answers: all other sources have ended. */
async function settledVersion(url: string, head: SearchHead): Promise<number> {
  let { version, remains } = head
  while (remains.length > 1) {
    await pause()
    const { data } = JSON.parse((await ask(`${url}/v1/searches/${head.uuid}`)).toString()) as { data: SearchHead }
    version = data.version
    remains = data.remains
  }
  return version
}

async function metric(url: string, name: string): Promise<number> {
  const text = (await ask(`${url}/metrics`)).toString()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

/** The body of an answer as it came, packed with gzip where the server packs; followers keep a connection each. */
function ask(url: string, agent?: Agent): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = agent === undefined ? {} : { 'accept-encoding': 'gzip' }
    get(url, { ...(agent && { agent }), headers }, async (answer) => {
      const parts: Buffer[] = []
      for await (const part of answer) parts.push(part)
      if (answer.statusCode === 200) resolve(Buffer.concat(parts))
      else reject(new Error(`${url} answered ${answer.statusCode}: ${Buffer.concat(parts)}`))
    }).on('error', reject)
  })
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}
