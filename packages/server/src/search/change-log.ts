import { type Changes, joinPatches, type Patch, patched } from '@barkeep/core'

/** One version: what came with it. */
interface Entry<Item, Head> {
  readonly version: number
  readonly head: Head
  /** How many records there were before it. */
  readonly start: number
  /** As they came with it. */
  readonly inserted: readonly Item[]
  readonly patches: ReadonlyMap<number, Patch<Item>>
}

/** A record with its JSON, which is made once, however many increments carry it. */
interface Kept<Item> {
  readonly item: Item
  readonly json: Buffer
}

/** What changed between two versions, as JSON: records each for itself, and the list of changes. */
export interface ChangesJson {
  readonly insert: readonly Buffer[]
  readonly update: Buffer
}

/**
 * Records that are only ever added or changed, with a log of what changed. `since` joins the entries after a version, so
 * it costs what changed and not what there is; no snapshot is kept, and none is compared.
 * The first version is 1, without records. Version 0 stands for nothing at all: what changed since is all there is.
 */
export class ChangeLog<Item extends object, Head> {
  readonly #entriesMax: number
  /** As they are at the last version. */
  readonly #records: Kept<Item>[] = []
  #entries: Entry<Item, Head>[]
  /** What comes with the next version: records, and changes of those that are published, with what they lead to. */
  #incoming: Item[] = []
  #changes = new Map<number, { readonly patch: Patch<Item>; readonly item: Item }>()
  #bytes = 0

  constructor(head: Head, entriesMax: number) {
    this.#entriesMax = Math.max(2, entriesMax)
    this.#entries = [{ version: 1, head, start: 0, inserted: [], patches: new Map() }]
  }

  get version(): number {
    return this.#entries.at(-1)?.version ?? 1
  }

  /** How many records there are, those of the next version included. */
  get length(): number {
    return this.#records.length + this.#incoming.length
  }

  /** Of the JSON of all published records. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the next version has anything to tell. */
  get isChanged(): boolean {
    return this.#incoming.length > 0 || this.#changes.size > 0
  }

  /** What was told with a version; undefined where that is no longer known. */
  head(version = this.version): Head | undefined {
    return this.#entry(version)?.head
  }

  /** A record as it will be with the next version. */
  at(index: number): Item | undefined {
    return (
      this.#changes.get(index)?.item ??
      this.#records[index]?.item ??
      this.#incoming[Math.max(0, index - this.#records.length)]
    )
  }

  /** Adds a record and gives its place, which it keeps. */
  insert(item: Item): number {
    return this.#records.length + this.#incoming.push(item) - 1
  }

  /** Throws RangeError for a record that is not there. */
  update(index: number, fields: Partial<Item>): void {
    const known = this.at(index)
    if (known === undefined) throw new RangeError(`There is no record ${index}.`)
    const patch = { ...fields, _idx: index } as Patch<Item> // fields of an item, with its place
    const item = patched(known, patch)
    if (index >= this.#records.length) {
      // It goes out with this version anyway, as it is by then.
      this.#incoming[index - this.#records.length] = item
      return
    }
    const before = this.#changes.get(index)?.patch
    this.#changes.set(index, { patch: before === undefined ? patch : joinPatches(before, patch), item })
  }

  /** Makes a version of what was added and changed since the last; gives its number. */
  publish(head: Head): number {
    const patches = new Map<number, Patch<Item>>()
    for (const [index, { patch, item }] of this.#changes) {
      patches.set(index, patch)
      this.#bytes -= this.#records[index]?.json.byteLength ?? 0
      this.#records[index] = this.#kept(item)
    }
    const start = this.#records.length
    for (const item of this.#incoming) this.#records.push(this.#kept(item))
    this.#entries.push({ version: this.version + 1, head, start, inserted: this.#incoming, patches })
    this.#incoming = []
    this.#changes = new Map()
    // By half, so that it is not done again with each version.
    if (this.#entries.length > this.#entriesMax) this.#entries = this.#entries.slice(-Math.ceil(this.#entriesMax / 2))
    return this.version
  }

  /** What changed after the version `from`, up to `to`; undefined where the log does not reach back so far. */
  since(from: number, to = this.version): Changes<Item> | undefined {
    const window = this.#window(from, to)
    if (window === undefined) return undefined
    const { start, patches } = window
    const insert = to === this.version ? this.#records.slice(start).map(({ item }) => item) : this.#asOf(window)
    return { insert, update: [...patches.values()] }
  }

  /** The same as JSON. */
  jsonSince(from: number, to = this.version): ChangesJson | undefined {
    const window = this.#window(from, to)
    if (window === undefined) return undefined
    const { start, patches } = window
    return {
      insert:
        to === this.version
          ? this.#records.slice(start).map(({ json }) => json)
          : this.#asOf(window).map((item) => Buffer.from(JSON.stringify(item))),
      update: Buffer.from(JSON.stringify([...patches.values()])),
    }
  }

  #entry(version: number): Entry<Item, Head> | undefined {
    return this.#entries[version - (this.#entries[0]?.version ?? 0)]
  }

  /** The entries after a version, and the changes in them of records that were there before. */
  #window(from: number, to: number): Window<Item, Head> | undefined {
    if (from > to || to > this.version) return undefined
    // All there is now needs no log.
    if (from === 0 && to === this.version) return { start: 0, entries: [], patches: new Map() }
    const first = this.#entries[0]?.version ?? 0
    const isKnown = from === 0 ? first === 1 : from >= first
    if (!isKnown) return undefined
    const entries = this.#entries.slice(Math.max(0, from + 1 - first), to + 1 - first)
    const start = entries[0]?.start ?? this.#records.length
    const patches = new Map<number, Patch<Item>>()
    for (const entry of entries) {
      for (const [index, patch] of entry.patches) {
        if (index >= start) continue
        const before = patches.get(index)
        patches.set(index, before === undefined ? patch : joinPatches(before, patch))
      }
    }
    return { start, entries, patches }
  }

  /** Records that came within a window, as they were at its end. */
  #asOf({ start, entries }: Window<Item, Head>): Item[] {
    const items: Item[] = []
    for (const { inserted, patches } of entries) {
      for (const [index, patch] of patches) {
        const item = items[index - start]
        if (item !== undefined) items[index - start] = patched(item, patch)
      }
      for (const item of inserted) items.push(item)
    }
    return items
  }

  #kept(item: Item): Kept<Item> {
    const json = Buffer.from(JSON.stringify(item))
    this.#bytes += json.byteLength
    return { item, json }
  }
}

interface Window<Item, Head> {
  /** How many records there were before it. */
  readonly start: number
  readonly entries: readonly Entry<Item, Head>[]
  readonly patches: ReadonlyMap<number, Patch<Item>>
}
