import { BarkeepError } from '@barkeep/core'

/** Lends out engine sessions one at a time each; who finds none free waits in the order of arrival. */
export class SessionPool<Session> {
  readonly #free: Session[]
  readonly #waiting = new Set<(session: Session) => void>()
  readonly #sessions: readonly Session[]
  #closed = false

  constructor(sessions: readonly Session[]) {
    this.#sessions = sessions
    this.#free = [...sessions]
  }

  /** Throws the reason of the signal, also while waiting; STORE_UNAVAILABLE when the pool is closed. */
  async acquire(signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted()
    if (this.#closed) throw closedStore()
    return this.#take(signal)
  }

  release(session: Session): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free.push(session)
      return
    }
    this.#waiting.delete(next)
    next(session)
  }

  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await this.acquire()
    try {
      return await work(session)
    } finally {
      this.release(session)
    }
  }

  /** Lends no more; resolves to all sessions when those who have or wait for one are done. */
  async close(): Promise<readonly Session[]> {
    if (this.#closed) return []
    this.#closed = true
    return Promise.all(this.#sessions.map(() => this.#take()))
  }

  #take(signal?: AbortSignal): Promise<Session> {
    const session = this.#free.pop()
    if (session !== undefined) return Promise.resolve(session)
    return new Promise((resolve, reject) => {
      const serve = (lent: Session) => {
        signal?.removeEventListener('abort', leave)
        resolve(lent)
      }
      const leave = () => {
        this.#waiting.delete(serve)
        reject(signal?.reason)
      }
      this.#waiting.add(serve)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}

function closedStore(): BarkeepError {
  return new BarkeepError('STORE_UNAVAILABLE', {
    message: 'The store is closed, because the server is stopping. Ask again when it runs.',
  })
}
