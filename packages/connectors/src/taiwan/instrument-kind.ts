import type { InstrumentKind } from '@barkeep/core'

/** CFI codes of ISO 10962 begin with what a security is; the longest beginning counts. */
const kinds: readonly (readonly [cfi: string, kind: InstrumentKind])[] = [
  ['RW', 'warrant'],
  ['CE', 'etf'],
  ['E', 'stock'],
  ['D', 'bond'],
  ['F', 'future'],
  ['O', 'option'],
]

/** The kind of a security by its CFI code; `other` for what has no kind of its own, such as an ETN or a property trust. */
export function kindOfCfi(cfi: string): InstrumentKind {
  return kinds.find(([beginning]) => cfi.startsWith(beginning))?.[1] ?? 'other'
}
