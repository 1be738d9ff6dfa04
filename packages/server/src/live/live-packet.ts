import type { LivePosition } from '@barkeep/core'

/** An event for many subscribers: each way of sending it is encoded once, when the first of them needs it. */
export class LivePacket {
  readonly #event: string
  readonly #json: string
  readonly #place: LivePosition | undefined
  #frame: Buffer | undefined
  #sse: Buffer | undefined

  /** Server-sent events carry the place as their id. */
  constructor(event: string, json: string, place?: LivePosition) {
    this.#event = event
    this.#json = json
    this.#place = place
  }

  /** The packet of socket.io, as text. */
  get socketText(): string {
    return `2[${JSON.stringify(this.#event)},${this.#json}]`
  }

  /** The same as a WebSocket frame from a server: whole, text, not masked. `4` is Engine.IO's mark of a message. */
  get socketFrame(): Buffer {
    this.#frame ??= textFrame(`4${this.socketText}`)
    return this.#frame
  }

  /** The same as a server-sent event. */
  get streamEvent(): Buffer {
    const id = this.#place === undefined ? '' : `id: ${this.#place.epoch}-${this.#place.seq}\n`
    this.#sse ??= Buffer.from(`event: ${this.#event}\n${id}data: ${this.#json}\n\n`)
    return this.#sse
  }
}

const FIN_TEXT = 0x81

/** RFC 6455, 5.2. */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = FIN_TEXT
  if (head === 2) frame[1] = length
  else if (head === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, head)
  return frame
}
