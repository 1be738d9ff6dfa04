import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:net'

export interface Arrival {
  readonly atMs: number
  readonly token: string
  readonly symbol: string
}

export interface HistoryUpstream {
  readonly url: string
  readonly arrivals: readonly Arrival[]
  /** Symbols that are answered with something that no parser understands. */
  readonly broken: Set<string>
  /** What the wire should have of an instrument of the NYSE. */
  truth(symbol: string): object[]
  close(): Promise<void>
}

const dates = ['2019-03-04', '2019-03-05', '2019-03-06', '2019-03-07', '2019-03-08']

/**
 * A small World Trading Data behind a jittery network: each request is under way for up to `jitterMs` before it arrives,
 * and its answer for as long again.
 */
export async function startHistoryUpstream(random: () => number, jitterMs: number): Promise<HistoryUpstream> {
  const arrivals: Arrival[] = []
  const broken = new Set<string>()
  const later = (work: () => void) => setTimeout(work, random() * jitterMs)
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://upstream')
    const symbol = searchParams.get('symbol') ?? ''
    later(() => {
      arrivals.push({ atMs: performance.now(), token: searchParams.get('api_token') ?? '', symbol })
      later(() => response.end(broken.has(symbol) ? '{"history": "none"}' : historyOf(symbol)))
    })
  })
  return {
    url: await listen(server),
    arrivals,
    broken,
    truth: (symbol) =>
      dates.map((date, day) => ({
        instrument: `NYSE:${symbol}`,
        ts: `${date}T14:30:00Z`,
        ...numbersOf(symbol, day),
        turnover: null,
        trades: null,
      })),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The URL at which a server listens now. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

function historyOf(symbol: string): string {
  const days = dates.map((date, day) => {
    const numbers = Object.entries(numbersOf(symbol, day)).map(([name, value]) => [name, String(value)])
    return [date, Object.fromEntries(numbers)]
  })
  return JSON.stringify({ name: symbol, history: Object.fromEntries(days.reverse()) })
}

/** Different for each symbol and day. */
function numbersOf(symbol: string, day: number) {
  const open = 10 + Number.parseInt(symbol.slice(1), 10) + day / 4
  return { open, high: open + 1, low: open - 1, close: open + 0.5, volume: open * 400 }
}
