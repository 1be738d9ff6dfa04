import { liveLogContract, rigLeaseMs } from './live-log.contract.js'
import { createMemoryLiveLog } from './memory-live-log.js'
import { MemoryPublisherLease } from './memory-publisher-lease.js'

liveLogContract('in this process', async (bounds) => {
  let nowMs = 1_000_000
  const lease = new MemoryPublisherLease({ now: () => nowMs, leaseMs: rigLeaseMs })
  const log = createMemoryLiveLog({ ...bounds, epoch: 'one', holds: (topic, token) => lease.holds(topic, token) })
  return {
    log,
    lease,
    async advance(ms) {
      nowMs += ms
    },
    close: () => log.close(),
  }
})
