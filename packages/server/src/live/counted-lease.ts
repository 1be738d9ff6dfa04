import type { LiveTally } from './live-tally.js'
import type { PublisherLease } from './publisher-lease.js'

/** The same lease, and a count of the terms that were begun with it. */
export function countedLease(lease: PublisherLease, tally: LiveTally): PublisherLease {
  return {
    async acquire(topic, options) {
      const term = await lease.acquire(topic, options)
      tally.topics[topic].terms += 1
      return term
    },
    renew: (topic, token) => lease.renew(topic, token),
    leave: (topic, token) => lease.leave(topic, token),
    release: (topic, token) => lease.release(topic, token),
  }
}
