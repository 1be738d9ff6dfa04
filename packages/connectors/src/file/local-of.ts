import type { HandlerContext, LocalContext } from '@barkeep/core'

/** What a handler sees of the server; the engine gives it to every connector that is local. */
export function localOf({ local }: HandlerContext): LocalContext {
  if (local === undefined) throw new RangeError('The file connector works on the server alone.')
  return local
}
