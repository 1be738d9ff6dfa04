import { BarkeepError } from '@barkeep/core'

export interface GuestLimits {
  /** Connections at the same time. */
  readonly max: number
  /** Of them from one address; 0: any number. */
  readonly perAddressMax: number
}

/** Who is connected: how many in all, and how many from one address. */
export class LiveGuests {
  readonly #limits: GuestLimits
  readonly #addresses = new Map<string, number>()
  #count = 0

  constructor(limits: GuestLimits) {
    this.#limits = limits
  }

  /** How many are there. */
  get count(): number {
    return this.#count
  }

  /** Lets one in; the answer is to be called when it leaves, and may be called again. Throws OVER_CAPACITY. */
  enter(address: string): () => void {
    const { max, perAddressMax } = this.#limits
    const fromThere = this.#addresses.get(address) ?? 0
    if (this.#count >= max) {
      throw tooMany(`${max} connections are open, as many as live.subscribersMax allows. Try again later.`)
    }
    if (perAddressMax > 0 && fromThere >= perAddressMax) {
      throw tooMany(
        `${perAddressMax} connections of ${address} are open, as many as live.subscribersPerAddressMax allows. Close one, or raise it.`,
      )
    }
    this.#count += 1
    this.#addresses.set(address, fromThere + 1)
    let isHere = true
    return () => {
      if (!isHere) return
      isHere = false
      this.#count -= 1
      const left = (this.#addresses.get(address) ?? 1) - 1
      if (left === 0) this.#addresses.delete(address)
      else this.#addresses.set(address, left)
    }
  }
}

function tooMany(message: string): BarkeepError {
  return new BarkeepError('OVER_CAPACITY', { message })
}
