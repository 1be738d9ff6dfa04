import { cancelledRequest } from './problem.js'

/**
 * The body of an answer as it arrives. Leaving the loop, or aborting `signal`, cancels the download.
 * Throws CANCELLED_REQUEST; a connection that breaks throws what the runtime throws.
 */
export async function* bodyChunks(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (response.body === null) return
  const reader = response.body.getReader()
  // A body that has already failed rejects its cancel as well; the read tells that story.
  const cancel = () => reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      if (signal.aborted) throw cancelledRequest(signal.reason)
      const { done, value } = await reader.read()
      if (signal.aborted) throw cancelledRequest(signal.reason)
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    await cancel()
  }
}
