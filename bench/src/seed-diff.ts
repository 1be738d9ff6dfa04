import type { Changes, Patch, SearchHit } from '@barkeep/core'

/**
 * What changed between two snapshots, found by comparing them, as Unitrad's own server did in 2016: of a list what is
 * not in the old one, of an object the keys that are new, of anything else the value where it is another.
 */
export function seedDiff(now: readonly SearchHit[], old: readonly SearchHit[]): Changes<SearchHit> {
  const insert: SearchHit[] = []
  const update: Patch<SearchHit>[] = []
  for (const [index, hit] of now.entries()) {
    const known = old[index]
    if (known === undefined) {
      insert.push(hit)
      continue
    }
    const changed: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(hit)) {
      const before: unknown = known[name as keyof SearchHit] // both are hits
      if (Array.isArray(value)) {
        const had = new Set(before as unknown[]) // the same field of another hit
        const added = value.filter((one) => !had.has(one))
        if (added.length > 0) changed[name] = added.sort()
      } else if (typeof value === 'object' && value !== null) {
        const added = Object.entries(value).filter(([key]) => !Object.hasOwn(before as object, key))
        if (added.length > 0) changed[name] = Object.fromEntries(added)
      } else if (before !== value) changed[name] = value
    }
    if (Object.keys(changed).length > 0) update.push({ _idx: index, ...changed })
  }
  return { insert, update }
}
