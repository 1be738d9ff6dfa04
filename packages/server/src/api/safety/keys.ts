import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import type { KeyTable, StoredKey } from '../../store/key-table.js'

/** What a key may be used for. `admin` includes the others: who can make keys can make one with any scope. */
export const scopes = ['read', 'write', 'publish', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** Who sends a request. */
export interface Caller {
  /** The id of the key, `owner` for the key of this start, `open` where none is needed. */
  readonly id: string
  readonly scopes: readonly Scope[]
}

/** A key as it may be shown: its secret is told once, when it is made. */
export interface KeyInfo {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly createdMs: number
}

/** Every request looks a key up, so they are held in memory. */
const KEYS_MAX = 1_000

const shape = /^bk_([0-9a-f]{10})_([\w-]{43})$/
const noHash = '0'.repeat(64)

/**
 * The keys of a server, written `bk_<id>_<secret>`.
 *
 * A secret has 256 random bits, which nobody guesses or finds in a list, so one round of SHA-256 hides it as well as a
 * slow hash would; that is for what people make up, and would cost each request tens of milliseconds.
 */
export class Keys {
  readonly #table: KeyTable
  readonly #byId = new Map<string, StoredKey>()
  readonly #now: () => number
  /** Of this process alone, for the commands of whoever may read its data directory. */
  readonly ownerKey: string

  private constructor(table: KeyTable, now: () => number) {
    this.#table = table
    this.#now = now
    this.ownerKey = `bk_${newId()}_${newSecret()}`
  }

  /** `now` gives milliseconds since the epoch. */
  static async open(table: KeyTable, now: () => number): Promise<Keys> {
    const keys = new Keys(table, now)
    for (const key of await table.load()) keys.#byId.set(key.id, key)
    return keys
  }

  get count(): number {
    return this.#byId.size
  }

  /** In the order of creation. */
  list(): KeyInfo[] {
    return [...this.#byId.values()].map(shown)
  }

  /** Makes a key. What is answered beside it is the only place where its secret ever stands. Throws CONFLICT. */
  async create(name: string, given: readonly Scope[]): Promise<{ readonly info: KeyInfo; readonly key: string }> {
    if (this.#byId.size >= KEYS_MAX) {
      throw new BarkeepError('CONFLICT', { message: `There are ${KEYS_MAX} keys already. Revoke those not in use.` })
    }
    const [id, secret] = [newId(), newSecret()]
    const stored = { id, hash: hashOf(secret), name, scopes: [...new Set(given)], createdMs: this.#now() }
    await this.#table.save(stored)
    this.#byId.set(id, stored)
    return { info: shown(stored), key: `bk_${id}_${secret}` }
  }

  /** Makes a key invalid at once. Throws NOT_FOUND. */
  async revoke(id: string): Promise<void> {
    const key = this.#byId.get(id)
    if (key === undefined) {
      const message = `There is no key '${id.slice(0, 40)}'. GET /v1/keys or barkeep keys list shows those that are valid.`
      throw new BarkeepError('NOT_FOUND', { message, errors: [{ code: 'NOT_FOUND', parameter: 'id', message }] })
    }
    this.#byId.delete(id)
    try {
      await this.#table.revoke(key)
    } catch (error) {
      this.#byId.set(id, key)
      throw error
    }
  }

  /** Whose key this is; undefined for what is no valid key. */
  verify(key: string): Caller | undefined {
    const [, id = '', secret = ''] = shape.exec(key) ?? []
    const isOwner = sameHash(hashOf(key), hashOf(this.ownerKey))
    const stored = this.#byId.get(id)
    // Compared also where there is no such id, so that the time tells neither.
    const isValid = sameHash(hashOf(secret), stored?.hash ?? noHash)
    if (isOwner) return { id: 'owner', scopes }
    return stored !== undefined && isValid ? { id, scopes: shown(stored).scopes } : undefined
  }
}

function shown({ id, name, scopes: given, createdMs }: StoredKey): KeyInfo {
  return { id, name, scopes: scopes.filter((scope) => given.includes(scope)), createdMs }
}

function newId(): string {
  return randomBytes(5).toString('hex')
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function sameHash(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))
}
