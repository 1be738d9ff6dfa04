import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { TaskFile } from '../child.js'

export interface ListenersInput {
  /** Base URL of `barkeep serve`, or `ws://…` of a plain server, which sends to whoever connects. */
  readonly url: string
  readonly listeners: number
  /** Takes nothing of what is sent after the subscription. */
  readonly isFrozen?: boolean
}

export interface Heard {
  /** Messages that all listeners got together, and their bytes. */
  readonly messages: number
  readonly bytes: number
  /** Number of a message (the volume of its first bar), and when a listener had it: the monotonic clock, milliseconds. */
  readonly numbers: Float64Array
  readonly receivedMs: Float64Array
  /** The text of a message, as it came. */
  readonly sample: string
}

export const listeners: TaskFile<ListenersInput, number> = { file: 'listeners' }

const CONNECTING_MAX = 100
const NS_PER_MS = 1e6

/**
 * Connects that many listeners, all with the same light client, so that only the servers differ. Answers how many
 * listen; then each message `{until: N}` is answered, when the listeners have N messages together, with what they heard.
 */
export async function task({ url, listeners: count, isFrozen = false }: ListenersInput): Promise<number> {
  const heard = new Ledger()
  const open = url.startsWith('ws:') ? openPlain : openLive
  for (let left = count; left > 0; left -= CONNECTING_MAX) {
    const sockets = await Promise.all(Array.from({ length: Math.min(left, CONNECTING_MAX) }, () => open(url, heard)))
    if (isFrozen) for (const socket of sockets) socket.pause()
  }
  process.on('message', (message) => {
    const { until } = message as { until: number } // the bench sends nothing else
    heard.until(until, (report) => process.send?.(report))
  })
  return count
}

/** What all listeners of this process heard since it was told last. */
class Ledger {
  #messages = 0
  #bytes = 0
  #numbers: number[] = []
  #receivedMs: number[] = []
  #sample = ''
  #goal: { readonly messages: number; readonly tell: (heard: Heard) => void } | undefined

  note(text: string, bytes: number): void {
    this.#receivedMs.push(Number(process.hrtime.bigint()) / NS_PER_MS)
    this.#messages += 1
    this.#bytes += bytes
    this.#numbers.push(numberOf(text))
    if (this.#sample === '') this.#sample = text
    this.#look()
  }

  until(messages: number, tell: (heard: Heard) => void): void {
    this.#goal = { messages, tell }
    this.#look()
  }

  #look(): void {
    if (this.#goal === undefined || this.#messages < this.#goal.messages) return
    const { tell } = this.#goal
    this.#goal = undefined
    const [numbers, receivedMs] = [Float64Array.from(this.#numbers), Float64Array.from(this.#receivedMs)]
    tell({ messages: this.#messages, bytes: this.#bytes, numbers, receivedMs, sample: this.#sample })
    this.#messages = 0
    this.#bytes = 0
    this.#numbers = []
    this.#receivedMs = []
  }
}

function numberOf(text: string): number {
  const at = text.indexOf('"volume":')
  return Number.parseInt(text.slice(at + '"volume":'.length, at + 30), 10)
}

async function openPlain(url: string, heard: Ledger): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  socket.on('message', (data: Buffer) => heard.note(data.toString(), data.length))
  await once(socket, 'open')
  return socket
}

/** A subscriber of `kmin` that speaks just enough of Engine.IO and socket.io. */
async function openLive(url: string, heard: Ledger): Promise<WebSocket> {
  const address = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(address, { perMessageDeflate: false })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      if (text.startsWith('42["kmin",')) heard.note(text, data.length)
      else if (text === '2') socket.send('3')
      else if (text.startsWith('0')) socket.send('40')
      else if (text.startsWith('40')) socket.send('420["sub_kmin",{}]')
      else if (text.startsWith('430')) resolve()
    })
  })
  return socket
}
