import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@barkeep/client'
import { shippedConnectors } from '@barkeep/connectors'
import type { KeptInterval } from '@barkeep/core'
import { type Emulator, type EmulatorOptions, startEmulator, type UpstreamId } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'

/** 1 is real time; the rule of the limits is the same at any scale. */
export const timeScale = Number(process.env.BARKEEP_TIME_SCALE ?? 25)

export interface CrawlDone {
  readonly id: number
  readonly tasks: { readonly done: number; readonly dead: number }
}

/** A server whose crawls ask one upstream of the emulator. */
export interface CrawlRig {
  readonly emulator: Emulator
  readonly server: RunningServer
  /** Orders a crawl, and waits until it is done. */
  crawl(order: object): Promise<CrawlDone>
  /** `instrument ts` → open, high, low, close, volume. Throws when a bar is there twice. */
  bars(interval: KeptInterval, window: { readonly start: string; readonly end: string }): Promise<Map<string, number[]>>
  rows(dataset: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/**
 * `limits: 'real'` are the connector's own, scaled like those of the emulator; `none` lets everything through at once.
 * One at a time: a process has one embedded store.
 */
export async function startCrawlRig(
  connector: UpstreamId,
  options: {
    readonly limits: 'real' | 'none'
    readonly settings?: Readonly<Record<string, string>>
    readonly emulator?: EmulatorOptions
  },
): Promise<CrawlRig> {
  const directory = mkdtempSync(join(tmpdir(), `barkeep-${connector}-`))
  const isReal = options.limits === 'real'
  const lifted = { limits: { [connector]: [] } }
  const emulator = await startEmulator({ timeScale, stocks: 30, ...(isReal ? {} : lifted), ...options.emulator })
  const { limits = [] } = shippedConnectors.find(({ id }) => id === connector) ?? {}
  const scaled = limits.map((limit) => ({ ...limit, perMs: Math.ceil(limit.perMs / timeScale) }))
  const flags = {
    data: directory,
    port: '0',
    [`connectors.${connector}.baseUrl`]: emulator.url(connector),
    [`connectors.${connector}.limits`]: JSON.stringify(isReal ? scaled : [{ requests: 50, perMs: 1 }]),
    ...options.settings,
  }
  const server = await startServer(loadConfig({ flags }))
  const client = createClient({ url: server.url })
  const get = async (path: string) => (await (await fetch(server.url + path)).json()).data
  return {
    emulator,
    server,
    async crawl(order) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ connector, ...order })
      const answer = await (await fetch(`${server.url}/v1/crawls`, { method: 'POST', headers, body })).json()
      if (answer.data === undefined) throw new Error(JSON.stringify(answer))
      for (;;) {
        const status = await get(`/v1/crawls/${answer.data.id}`)
        if (status.state === 'done') return status
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async bars(interval, window) {
      const kept = new Map<string, number[]>()
      for await (const bar of client.bars(undefined, { interval, ...window, limit: 50_000 })) {
        const key = `${bar.instrument} ${bar.ts}`
        if (kept.has(key)) throw new Error(`${key} is there twice.`)
        kept.set(key, [bar.open, bar.high, bar.low, bar.close, bar.volume])
      }
      return kept
    },
    rows: (dataset) => client.dataset(dataset).rows({ limit: 5_000 }).toArray(),
    async close() {
      await server.close()
      await emulator.close()
      rmSync(directory, { recursive: true })
    },
  }
}
