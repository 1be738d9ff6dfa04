/** A controller that is also aborted when `parent` is. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  /** Lets go of the parent; a parent that outlives many requests would else collect listeners. */
  release(): void
}

export function linkAbort(parent: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController()
  const onAbort = () => controller.abort(parent?.reason)
  if (parent?.aborted) onAbort()
  else parent?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent?.removeEventListener('abort', onAbort),
  }
}

/**
 * An iterator over what `generate` yields whose `return()`, which is what `break` calls, aborts the signal at once.
 * A plain async generator would first wait for the request in flight.
 */
export function abortOnReturn<T>(
  parent: AbortSignal | undefined,
  generate: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncIterableIterator<T, void, undefined> {
  const link = linkAbort(parent)
  const generator = generate(link.signal)
  let returned = false
  const ended = (): IteratorReturnResult<void> => {
    link.release()
    return { done: true, value: undefined }
  }
  return {
    async next() {
      try {
        const result = await generator.next()
        return result.done || returned ? ended() : result
      } catch (error) {
        const end = ended()
        if (returned) return end
        throw error
      }
    },
    async return() {
      returned = true
      link.abort()
      await generator.return()
      return ended()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
