import type { Client, StreamState } from '@barkeep/client'
import type { LiveBar, LiveDone, LiveMessage, LivePosition, LiveRefusal } from '@barkeep/core'
import { io, type Socket } from 'socket.io-client'

/** What all listeners heard together: the messages of each log, and the versions of each bar. */
export class Hearsay {
  /** Epoch → seq → message as JSON. */
  readonly logs = new Map<string, Map<number, string>>()
  readonly faults: string[] = []
  readonly #versions = new Map<string, string>()

  fault(text: string): void {
    if (this.faults.length < 20) this.faults.push(text)
  }

  /** Everybody must hear the same message at the same place. */
  heard(message: LiveMessage | LiveDone): void {
    const log = this.logs.get(message.epoch) ?? new Map<number, string>()
    this.logs.set(message.epoch, log)
    const json = JSON.stringify(message)
    const before = log.get(message.seq)
    if (before === undefined) log.set(message.seq, json)
    else if (before !== json)
      this.fault(`two messages at ${message.seq}: ${before.slice(0, 200)} and ${json.slice(0, 200)}`)
  }

  /** Everybody must be given the same bar with the same `known_at`. */
  version(bar: LiveBar): void {
    const key = `${bar.instrument} ${bar.ts} ${bar.known_at}`
    const json = JSON.stringify(bar)
    const before = this.#versions.get(key)
    if (before === undefined) this.#versions.set(key, json)
    else if (before !== json) this.fault(`two bars with one known_at: ${before} and ${json}`)
  }
}

/** One loop over the stream of the SDK, which has to survive everything. */
export class StreamListener {
  /** `known_at` of the latest version of each bar. */
  readonly content = new Map<string, string>()
  readonly #hearsay: Hearsay
  readonly #done = new Map<string, string>()
  #place: LivePosition | undefined
  readonly #waiting: { place: LivePosition; resolve: () => void }[] = []

  readonly #controller = new AbortController()
  /** Resolves when it listens for the first time. */
  readonly opened: Promise<void>
  #onOpened: () => void = () => {}

  constructor(client: Client, since: string, hearsay: Hearsay) {
    this.#hearsay = hearsay
    this.opened = new Promise((resolve) => {
      this.#onOpened = resolve
    })
    const { signal } = this.#controller
    this.#listen(client, since, signal).catch((error: unknown) => {
      if (!signal.aborted) hearsay.fault(`a stream ended: ${error}`)
    })
  }

  end(): void {
    this.#controller.abort()
  }

  /** Resolves when a message at this place of the log, or behind it, was given. */
  reached(place: LivePosition): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ place, resolve })
      this.#look()
    })
  }

  async #listen(client: Client, since: string, signal: AbortSignal): Promise<void> {
    const onState = (state: StreamState) => state === 'live' && this.#onOpened()
    for await (const message of client.stream('kmin', undefined, { since, signal, onState })) {
      const { position } = message
      if (position !== null && this.#place?.epoch === position.epoch && position.seq < this.#place.seq) {
        this.#hearsay.fault(`${position.seq} after ${this.#place.seq}`)
      }
      if (message.kind === 'done') {
        const before = this.#done.get(message.exchange) ?? ''
        if (message.ts <= before) this.#hearsay.fault(`done ${message.ts} after done ${before}`)
        this.#done.set(message.exchange, message.ts)
      } else for (const bar of message.bars) this.#take(bar)
      this.#place = position ?? this.#place
      this.#look()
    }
  }

  #take(bar: LiveBar): void {
    const key = `${bar.instrument} ${bar.ts}`
    const before = this.content.get(key) ?? ''
    if (bar.known_at <= before) this.#hearsay.fault(`${key} of ${bar.known_at} after that of ${before}`)
    this.content.set(key, bar.known_at)
    this.#hearsay.version(bar)
  }

  #look(): void {
    for (const { place, resolve } of this.#waiting) {
      if (this.#place?.epoch === place.epoch && this.#place.seq >= place.seq) resolve()
    }
  }
}

/** A client without SDK that holds the server to its word: no number left out, none twice, unless it is told so. */
export class WordListener {
  readonly #url: string
  readonly #hearsay: Hearsay
  readonly #retryMs: () => number
  #place: LivePosition | undefined
  #socket: Socket | undefined
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined

  constructor(url: string, hearsay: Hearsay, retryMs: () => number) {
    this.#url = url
    this.#hearsay = hearsay
    this.#retryMs = retryMs
    this.#open()
  }

  end(): void {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    this.#socket?.disconnect()
  }

  #open(): void {
    const socket = io(this.#url, { transports: ['websocket'], reconnection: false, forceNew: true })
    this.#socket = socket
    let isSubscribed = false
    let isOver = false
    const again = () => {
      if (isOver || this.#hasEnded) return
      isOver = true
      socket.removeAllListeners()
      socket.disconnect()
      this.#timer = setTimeout(() => this.#open(), this.#retryMs())
    }
    const hear = (message: LiveMessage | LiveDone) => {
      if (!isSubscribed) return this.#hearsay.fault('a message came before the answer')
      const { epoch, seq } = message
      if (this.#place === undefined || this.#place.epoch !== epoch || this.#place.seq + 1 !== seq) {
        this.#hearsay.fault(`${epoch} ${seq} came after ${this.#place?.epoch} ${this.#place?.seq}`)
      }
      this.#place = { epoch, seq }
      this.#hearsay.heard(message)
    }
    socket.on('kmin', hear)
    socket.on('kmin_done', hear)
    // What it could not be sent it asks for, from the last message that it has.
    socket.on('gap', again)
    socket.on('disconnect', again)
    socket.on('connect_error', again)
    socket.on('connect', () =>
      socket.emit(
        'sub_kmin',
        this.#place === undefined ? {} : { since: this.#place },
        (ack: LivePosition | LiveRefusal) => {
          if ('error' in ack) return again()
          isSubscribed = true
          this.#place = { epoch: ack.epoch, seq: ack.seq }
        },
      ),
    )
  }
}
