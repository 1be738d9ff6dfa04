import { BarkeepError } from '@barkeep/core'

type Mode = 'alone' | 'shared'

interface Waiting {
  readonly mode: Mode
  readonly grant: () => void
}

interface Resource {
  shared: number
  isAlone: boolean
  readonly queue: Waiting[]
}

const RETRY_MS = 1_000

/** Lets one holder be alone with a resource, or many share it, in the order in which they come. */
export class ResourceLocks {
  readonly #waitMsMax: number
  readonly #resources = new Map<string, Resource>()

  constructor(waitMsMax: number) {
    this.#waitMsMax = waitMsMax
  }

  /** Gives what ends the hold; calling it again does no harm. Throws LOCK_ACQUISITION_TIMEOUT. */
  acquire(name: string, mode: Mode): Promise<() => void> {
    const resource = this.#resources.get(name) ?? { shared: 0, isAlone: false, queue: [] }
    this.#resources.set(name, resource)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        mode,
        grant: () => {
          clearTimeout(timer)
          if (mode === 'alone') resource.isAlone = true
          else resource.shared++
          resolve(() => {
            if (isReleased) return
            isReleased = true
            if (mode === 'alone') resource.isAlone = false
            else resource.shared--
            this.#serve(name, resource)
          })
        },
      }
      let isReleased = false
      const timer = setTimeout(() => {
        resource.queue.splice(resource.queue.indexOf(waiting), 1)
        reject(
          new BarkeepError('LOCK_ACQUISITION_TIMEOUT', {
            message: `Other writes to ${name.slice(0, 100)} took longer than api.lockMsMax = ${this.#waitMsMax} ms. Nothing was written.`,
            retry: { afterMs: RETRY_MS },
          }),
        )
        this.#serve(name, resource)
      }, this.#waitMsMax)
      resource.queue.push(waiting)
      this.#serve(name, resource)
    })
  }

  #serve(name: string, resource: Resource): void {
    for (let [first] = resource.queue; first !== undefined; [first] = resource.queue) {
      if (resource.isAlone || (first.mode === 'alone' && resource.shared > 0)) return
      resource.queue.shift()
      first.grant()
    }
    if (resource.shared === 0 && !resource.isAlone) this.#resources.delete(name)
  }
}
