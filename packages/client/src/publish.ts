import type { PublishAck, PublishRequest } from '@barkeep/core'

export interface PublisherOptions {
  /** Who tells the bars; `live` unless told. */
  readonly source?: string
  /** Takes the topic from whoever publishes it. */
  readonly takeover?: boolean
  /** Aborting it hangs up and refuses what waits. */
  readonly signal?: AbortSignal
}

/** The one publisher of a topic, as long as nobody takes the topic over. */
export interface Publisher {
  /**
   * Sends bars; all of them are kept, numbered and on their way to subscribers when it resolves. What is sent without
   * waiting goes out in order. Over a connection that breaks it is sent again once the server is back, but only
   * those bars that the store does not have, so that none is told twice.
   * Throws LEASE_LOST, INVALID_ROWS, UNKNOWN_EXCHANGE, CANCELLED_REQUEST, and OVER_CAPACITY where too many wait.
   */
  send(bars: PublishRequest['bars'], options?: Pick<PublishRequest, 'done' | 'expects'>): Promise<PublishAck>
  /** Waits for what was sent, and gives the topic back. */
  close(): Promise<void>
}
