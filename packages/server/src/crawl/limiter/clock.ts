/** Time as the limiter sees it: handed in, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since this process started; never goes back. */
  now(): number
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** Longer delays overflow the timers of Node and would end at once. */
const timerMsMax = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        Math.min(timerMsMax, Math.ceil(delayMs)),
      )
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
