/** Lends out engine sessions one at a time each; who finds none free waits in the order of arrival. */
export class SessionPool<Session> {
  readonly #free: Session[]
  readonly #waiting: ((session: Session) => void)[] = []
  readonly sessions: readonly Session[]

  constructor(sessions: readonly Session[]) {
    this.sessions = sessions
    this.#free = [...sessions]
  }

  acquire(): Promise<Session> {
    const session = this.#free.pop()
    if (session !== undefined) return Promise.resolve(session)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  release(session: Session): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(session)
    else next(session)
  }

  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await this.acquire()
    try {
      return await work(session)
    } finally {
      this.release(session)
    }
  }
}
