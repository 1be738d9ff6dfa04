import { createHash } from 'node:crypto'
import { BarkeepError, invalidParameter } from '@barkeep/core'

const KEY_LENGTH_MAX = 200

/** Remembers the answers of requests that carry an Idempotency-Key, so that a repeated one is not carried out twice. */
export class Idempotency {
  readonly #answers = new Map<string, Promise<Remembered>>()
  readonly #keysMax: number

  /** Past `keysMax` the oldest keys are forgotten. A restart forgets all; creating the same rows again is harmless then. */
  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  /**
   * Does `work` on the body, or gives the answer that the same request under the same key had. Failures are not kept.
   * Throws IDEMPOTENCY_KEY_REUSED when the request is another one, INVALID_PARAMETER for an unusable key.
   */
  async once<Answer>(
    key: string | undefined,
    request: string,
    body: AsyncIterable<Uint8Array>,
    work: (body: AsyncIterable<Uint8Array>) => Promise<Answer>,
  ): Promise<Answer> {
    if (key === undefined) return work(body)
    if (key === '' || key.length > KEY_LENGTH_MAX) {
      throw invalidParameter('Idempotency-Key', key, `write 1 to ${KEY_LENGTH_MAX} characters.`)
    }
    const earlier = await this.#answers.get(key)?.catch(() => undefined)
    const hash = createHash('sha256').update(request)
    if (earlier === undefined) {
      const answer = work(hashed(body, hash)).then((value) => ({ value, digest: hash.digest('hex') }))
      this.#remember(key, answer)
      return (await answer).value
    }
    for await (const chunk of body) hash.update(chunk)
    if (hash.digest('hex') === earlier.digest) return earlier.value as Answer // the same request, so the same route
    throw new BarkeepError('IDEMPOTENCY_KEY_REUSED', {
      message: `The Idempotency-Key '${key.slice(0, 40)}' was used for another request. Use a new key for each new one.`,
    })
  }

  #remember(key: string, answer: Promise<Remembered>): void {
    this.#answers.set(key, answer)
    answer.catch(() => this.#answers.delete(key))
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#keysMax) return
      this.#answers.delete(oldest)
    }
  }
}

interface Remembered {
  readonly value: unknown
  readonly digest: string
}

async function* hashed(body: AsyncIterable<Uint8Array>, hash: { update(chunk: Uint8Array): unknown }) {
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
}
