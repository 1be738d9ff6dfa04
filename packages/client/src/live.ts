import type { Topic } from '@barkeep/core'
import type { HttpSettings } from './http.js'
import { httpHistory } from './live-history.js'
import { socketLinks } from './live-link.js'
import { createPublisher } from './live-publisher.js'
import { replayTopic } from './live-replay.js'
import { streamTopic } from './live-stream.js'
import type { Publisher, PublisherOptions } from './publish.js'
import type { StreamMessage, StreamOptions } from './stream-message.js'

/** The stream of a topic from a server. Apart from the core entry because it brings socket.io. */
export async function* openStream(
  settings: HttpSettings,
  topic: Topic,
  instruments: readonly string[] | undefined,
  options: StreamOptions & { readonly signal: AbortSignal },
): AsyncGenerator<StreamMessage, void, undefined> {
  const { replay } = options
  if (replay !== undefined) return yield* replayTopic(settings, topic, instruments, replay, options)
  yield* streamTopic(
    { ...settings, open: socketLinks(settings), loadPage: httpHistory(settings) },
    topic,
    instruments,
    options,
  )
}

/** A publisher of a topic of a server, once it holds the lease. */
export function openPublisher(settings: HttpSettings, topic: Topic, options: PublisherOptions): Promise<Publisher> {
  return createPublisher({ ...settings, open: socketLinks(settings), loadPage: httpHistory(settings) }, topic, options)
}
