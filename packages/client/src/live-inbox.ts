import {
  BarkeepError,
  type LiveDone,
  type LiveMessage,
  type LivePosition,
  type LiveRefusal,
  type SubscribeAck,
  type SubscribeRequest,
  type Topic,
} from '@barkeep/core'
import type { LiveLink, OpenLink } from './live-link.js'
import { errorOfProblem } from './problem.js'

/** A message on its way from the socket to the loop. */
export type Incoming =
  | { readonly kind: 'bars'; readonly message: LiveMessage }
  | { readonly kind: 'done'; readonly message: LiveDone }

/**
 * Why no more comes: `full`, more waits than may; `gap`, the server could not send all; else what ended the link.
 * After the first two what is missing is to be asked for anew, from the last message that was taken.
 */
export type InboxEnd = 'full' | 'gap' | BarkeepError

export interface InboxWish {
  readonly topic: Topic
  readonly instruments: readonly string[] | undefined
  readonly since: LivePosition | undefined
  /** Bars that may wait to be taken; one message may wait in any case. */
  readonly barsMax: number
}

/** One subscription over a link of its own, and what came by it and was not taken yet. */
export class LiveInbox {
  /** Where the subscription begins. Rejects with the refusal, or what ended the link. */
  readonly opened: Promise<SubscribeAck>
  readonly #link: LiveLink
  readonly #wish: InboxWish
  readonly #waiting: Incoming[] = []
  #bars = 0
  #end: InboxEnd | undefined
  #wake: (() => void) | undefined
  #refuse: (error: BarkeepError) => void = () => {}

  constructor(open: OpenLink, wish: InboxWish) {
    this.#wish = wish
    const { topic, instruments, since } = wish
    const request: SubscribeRequest = { ...(instruments && { instruments }), ...(since && { since }) }
    let accept: (ack: SubscribeAck) => void = () => {}
    this.opened = new Promise((resolve, reject) => {
      accept = resolve
      this.#refuse = reject
    })
    // Who closed it does not look at it any more.
    this.opened.catch(() => {})
    this.#link = open({
      onOpen: () =>
        this.#link.say(`sub_${topic}`, request, (answer) => {
          const said = answer as SubscribeAck | LiveRefusal // the server is trusted for the shape
          if ('error' in said) this.end(errorOfProblem(said.error))
          else accept(said)
        }),
      onEvent: (name, payload) => this.#receive(name, payload),
      onEnd: (reason) => this.end(reason),
    })
  }

  /** Why no more comes; undefined while the link stands. */
  get endedBy(): InboxEnd | undefined {
    return this.#end
  }

  /** The next message; undefined when the link has ended and all were taken. One caller at a time. */
  async take(): Promise<Incoming | undefined> {
    while (this.#waiting.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const next = this.#waiting.shift()
    if (next !== undefined) this.#bars -= sizeOf(next)
    return next
  }

  /** Hangs up. What came before can still be taken. */
  end(reason: InboxEnd): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#link.close()
    if (reason instanceof BarkeepError) this.#refuse(reason)
    this.#wake?.()
  }

  #receive(name: string, payload: unknown): void {
    if (this.#end !== undefined) return
    const { topic, barsMax } = this.#wish
    // The server is trusted for the shape of each event; one that is not known may be of a newer one.
    if (name === 'gap') this.end('gap')
    else if (name === topic) this.#add({ kind: 'bars', message: payload as LiveMessage })
    else if (name === `${topic}_done`) this.#add({ kind: 'done', message: payload as LiveDone })
    if (this.#bars > barsMax && this.#waiting.length > 1) this.end('full')
  }

  #add(incoming: Incoming): void {
    this.#waiting.push(incoming)
    this.#bars += sizeOf(incoming)
    this.#wake?.()
  }
}

/** In bars: a mark takes as much room as the instruments that it names. */
function sizeOf(incoming: Incoming): number {
  return incoming.kind === 'bars' ? incoming.message.bars.length : 1 + incoming.message.missing.length
}
