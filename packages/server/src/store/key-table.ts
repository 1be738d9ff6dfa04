import type { Store } from './store.js'

/** A key as it is kept: without its secret. */
export interface StoredKey {
  readonly id: string
  /** SHA-256 of the secret, in hex. */
  readonly hash: string
  readonly name: string
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch. */
  readonly createdMs: number
}

/** Keys as they survive the process. */
export class KeyTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Valid keys in the order of their creation. */
  load(): Promise<StoredKey[]> {
    return this.#store.rows<StoredKey>(
      "SELECT id, hash, name, scopes, created AS createdMs FROM api_keys FINAL WHERE state = 'valid' ORDER BY created, id",
    )
  }

  save(key: StoredKey): Promise<void> {
    return this.#write(key, 'valid')
  }

  /** The row stays, so that an entry of the audit log can still be told whose it is; its hash goes. */
  revoke(key: StoredKey): Promise<void> {
    return this.#write({ ...key, hash: '' }, 'revoked')
  }

  #write({ id, hash, name, scopes, createdMs }: StoredKey, state: 'valid' | 'revoked'): Promise<void> {
    return this.#store.command(
      `INSERT INTO api_keys SELECT {id:String}, {hash:String}, {name:String}, {scopes:Array(String)}, {created:Int64},
        {state:String}, toUnixTimestamp64Micro(now64(6))`,
      { id, hash, name, scopes, created: createdMs, state },
    )
  }
}
