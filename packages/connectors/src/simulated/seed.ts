import type { HandlerContext } from '@barkeep/core'

/** The setting `connectors.simulated.seed`, which is read as a number before any task is. */
export function seedOf({ local }: HandlerContext): number {
  const seed = local?.setting('seed')
  if (typeof seed !== 'number') throw new RangeError('The setting connectors.simulated.seed was not read.')
  return seed
}
