import type { LiveBar } from '@barkeep/core'
import type { LivePacket } from './live-packet.js'
import type { LiveSink } from './live-subscription.js'

/** A connection whose other end takes what it gets only when told to. */
export class Reader implements LiveSink {
  readonly got: { readonly event: string; readonly data: Heard }[] = []
  /** The most that ever waited. */
  peakBytes = 0
  isFrozen = false
  hasEnded = false
  #bytes = 0

  pendingBytes(): number {
    return this.#bytes
  }

  send(packet: LivePacket): number {
    const [event, data] = JSON.parse(packet.socketText.slice(1)) as [string, Heard] // a packet of socket.io
    this.got.push({ event, data })
    if (this.isFrozen) this.#bytes += packet.socketFrame.length
    this.peakBytes = Math.max(this.peakBytes, this.#bytes)
    return packet.socketFrame.length
  }

  end(): void {
    this.hasEnded = true
  }

  takeAll(): void {
    this.#bytes = 0
  }
}

interface Heard {
  readonly epoch: string
  readonly seq: number
  readonly bars?: readonly LiveBar[]
  readonly since?: unknown
  readonly until?: unknown
  readonly reason?: string
}

export const ts = (minute: number) => `2026-11-20T01:${String(minute).padStart(2, '0')}:00Z`
export const bar = (name: string, minute: number, close = minute): LiveBar => {
  const numbers = { open: close, high: close, low: close, close, volume: 1, turnover: null, trades: null }
  return { instrument: `SIM:${name}`, ts: ts(minute), ...numbers, final: true, source: 'test', known_at: ts(minute) }
}

export const seqs = ({ got }: Reader) => got.map(({ data }) => data.seq)

/** Lets what waits for nothing outside this process go on. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}
