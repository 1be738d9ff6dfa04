import { BarkeepError } from './errors.js'
import type { Changes, Patch, SearchIncrement, SearchState } from './wire-search.js'

/**
 * The state after an increment. The given state stays as it is, and records that did not change are the same objects.
 * Throws CONFLICT for an increment of another search, of another life of the server, or from another version: one that
 * came twice, late or not in order.
 */
export function applyIncrement(state: SearchState, increment: SearchIncrement): SearchState {
  const { from, hits_diff: changes, ...head } = increment
  if (head.uuid !== state.uuid || head.epoch !== state.epoch || from !== state.version || head.version <= from) {
    throw new BarkeepError('CONFLICT', {
      message: `An increment from version ${from} to ${head.version} of ${head.uuid} does not fit version ${state.version} of ${state.uuid}. Ask for the whole state.`,
    })
  }
  return { ...head, hits: applyChanges(state.hits, changes) }
}

/** Records with changes applied: new ones at the end, all others where they were. Throws CONFLICT for a record that is not there. */
export function applyChanges<Item extends object>(items: readonly Item[], changes: Changes<Item>): Item[] {
  // Not by `push(...)`: ten thousand arguments are more than a call takes.
  const changed = items.concat(changes.insert)
  for (const patch of changes.update) {
    const item = changed[patch._idx]
    if (item === undefined) {
      throw new BarkeepError('CONFLICT', { message: `An increment changes record ${patch._idx}, which is not there.` })
    }
    changed[patch._idx] = patched(item, patch)
  }
  return changed
}

/** A record with a change applied; the given one stays as it is. */
export function patched<Item extends object>(item: Item, patch: Partial<Patch<Item>>): Item {
  const { _idx, ...fields } = patch
  return joined(item, fields) as Item // fields of an item, joined with fields of the same names
}

/** Two changes of one record, one after the other, as one. */
export function joinPatches<Item extends object>(first: Patch<Item>, second: Patch<Item>): Patch<Item> {
  const { _idx, ...fields } = second
  return joined(first, fields) as Patch<Item> // as above
}

function joined(known: object, told: object): object {
  const result: Record<string, unknown> = { ...known }
  for (const [name, value] of Object.entries(told)) {
    const before = Object.hasOwn(result, name) ? result[name] : undefined
    if (Array.isArray(value) && Array.isArray(before)) result[name] = before.concat(value)
    else if (isPlain(value) && isPlain(before)) result[name] = { ...before, ...value }
    else result[name] = value
  }
  return result
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
