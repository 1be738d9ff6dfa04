import type { Topic } from '@barkeep/core'
import { type LeaseEvent, type LeaseTerm, leaseHeld, leaseLost, type PublisherLease } from './publisher-lease.js'
import { leaseScript } from './redis-live-scripts.js'
import { outOfReach, type RunScript } from './redis-script-runner.js'

export interface RedisLeaseOptions {
  readonly run: RunScript
  /** Starts the name of every key. */
  readonly prefix: string
  readonly leaseMs: number
  /** How the script learns the time, as Lua. */
  readonly time: string
}

/** The lease of several servers. Throws SERVICE_UNAVAILABLE while Redis is away. */
export function createRedisLease({ run, prefix, leaseMs, time }: RedisLeaseOptions): PublisherLease {
  const script = leaseScript(time)
  const pass = async (topic: Topic, event: LeaseEvent, token = 0) => {
    const answer = await run(script, [`${prefix}lease:${topic}`], [event, String(token), String(leaseMs)]).catch(
      (cause: unknown) => {
        throw outOfReach(cause)
      },
    )
    const [isDone = 0, now = 0, ms = 0] = answer as number[] // as its header says
    return { isDone: isDone === 1, token: now, ms }
  }
  return {
    async acquire(topic, { takeover = false } = {}): Promise<LeaseTerm> {
      const { isDone, token, ms } = await pass(topic, takeover ? 'takeover' : 'acquire')
      if (!isDone) throw leaseHeld(topic, ms)
      return { token, expiresMs: ms }
    },
    async renew(topic, token): Promise<LeaseTerm> {
      const { isDone, ms } = await pass(topic, 'renew', token)
      if (!isDone) throw leaseLost(topic, token)
      return { token, expiresMs: ms }
    },
    async leave(topic, token) {
      await pass(topic, 'leave', token)
    },
    async release(topic, token) {
      await pass(topic, 'release', token)
    },
  }
}
