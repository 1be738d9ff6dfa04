import type { Socket as TcpSocket } from 'node:net'
import type { Socket } from 'socket.io'
import type { LivePacket } from './live-packet.js'
import type { LiveSink } from './live-subscription.js'

/** Answers and pings that may wait for one who sends requests and reads nothing. */
const PACKETS_WAITING_MAX = 1_000

/** Is taken when all before it is. */
const nothing = Buffer.alloc(0)

/** Tells turns of the event loop apart, at the cost of one callback for all sockets together. */
const turns = {
  number: 1,
  isEnding: false,
  current(): number {
    if (!this.isEnding) {
      this.isEnding = true
      process.nextTick(() => {
        this.isEnding = false
        this.number += 1
      })
    }
    return this.number
  },
}

/** The outbox of one socket: how much of what was sent is still in this process. */
export class SocketSink implements LiveSink {
  readonly #conn: Conn
  readonly #tcp: TcpSocket
  readonly #onTaken: () => void
  #waitingBytes = 0
  #isCorked = false
  /** The turn in which something was sent last. */
  #turn = 0

  /** `onTaken` is called when the system has taken something. */
  constructor(socket: Socket, onTaken: () => void) {
    // What is looked at of Engine.IO is not all in its types.
    this.#conn = socket.conn as unknown as Conn
    this.#tcp = socket.request.socket
    this.#onTaken = onTaken
  }

  pendingBytes(): number {
    return this.#tcp.writableLength + this.#waitingBytes
  }

  /** Whether more answers wait than anybody who reads would leave. */
  get isFlooded(): boolean {
    return this.#conn.writeBuffer.length > PACKETS_WAITING_MAX
  }

  send(packet: LivePacket): number {
    const frame = packet.socketFrame
    const { readyState, writeBuffer } = this.#conn
    if (readyState !== 'open' || !this.#tcp.writable) return 0
    // Engine.IO would take three times as long for a frame that is ready to be sent. It does so only with what must not
    // overtake an answer that waits in it.
    if (writeBuffer.length === 0) {
      this.#write(frame)
      return frame.length
    }
    this.#waitingBytes += frame.length
    this.#conn.send(packet.socketText, { compress: false, wsPreEncodedFrame: [frame] }, () => {
      this.#waitingBytes -= frame.length
      this.#onTaken()
    })
    return frame.length
  }

  /**
   * The first message of a turn leaves at once, what follows in it together: asking the system costs more than anything
   * else here. What comes next is a callback, so there is one only where something waits.
   */
  #write(frame: Buffer): void {
    const turn = turns.current()
    const isFirst = this.#turn !== turn
    this.#turn = turn
    if (!isFirst) this.#cork()
    if (!isFirst || this.#tcp.writableLength > 0) {
      this.#tcp.write(frame, this.#onTaken)
      return
    }
    this.#tcp.write(frame)
    if (this.#tcp.writableLength > 0) this.#tcp.write(nothing, this.#onTaken)
  }

  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#tcp.cork()
    process.nextTick(() => {
      this.#isCorked = false
      this.#tcp.uncork()
    })
  }

  /** Cuts off: one that takes nothing would not take a farewell either. */
  end(): void {
    this.#tcp.destroy()
  }
}

/** A connection of Engine.IO: packets wait in it until the system has taken those before. */
interface Conn {
  readonly readyState: string
  readonly writeBuffer: readonly unknown[]
  /** With frames that are sent in the place of the packet, as the adapter of socket.io sends. */
  send(
    data: string,
    options: { readonly compress: boolean; readonly wsPreEncodedFrame: readonly Buffer[] },
    onTaken: () => void,
  ): void
}
