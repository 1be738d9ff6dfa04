import type { Limit } from '@barkeep/core'

/**
 * What an exchange of Taiwan lets through, counted over all of its hosts. It bans who asks more than 3 times in 5 seconds.
 * The second limit spreads requests and, since a slot is free only some time after its answer, keeps them one at a time.
 * It is as much below a third of 5 seconds as leaves the first limit to decide where answers take up to 0.4 seconds.
 */
export function exchangeLimits(host: 'twse.com.tw' | 'tpex.org.tw'): readonly Limit[] {
  return [
    { requests: 3, perMs: 5_000, per: 'host', host },
    { requests: 1, perMs: 1_400, per: 'host', host },
  ]
}
