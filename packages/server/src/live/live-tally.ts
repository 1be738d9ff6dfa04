import type { Topic } from '@barkeep/core'

/** What was sent of one topic, to all who listen to it together. */
export class TopicTally {
  messages = 0
  bytes = 0
  /** Gaps that were told, by their reason. */
  readonly gaps = { slow: 0, gone: 0 }
  /** Terms of its lease that were begun at this server. */
  terms = 0
}

/** What happened since the process began. */
export class LiveTally {
  readonly topics: Readonly<Record<Topic, TopicTally>> = {
    kmin: new TopicTally(),
    khour: new TopicTally(),
    kday: new TopicTally(),
  }
  /** Connections that were cut off: too slow, too many unread answers, too many words, or bytes. */
  readonly cuts = { slow: 0, unread: 0, words: 0, bytes: 0 }
}
