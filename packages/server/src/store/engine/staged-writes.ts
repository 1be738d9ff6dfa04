import { randomUUID } from 'node:crypto'
import { BarkeepError } from '@barkeep/core'
import type { Store } from '../store.js'

/**
 * Where rows of a body go: `1m` for minute bars, `d12` for the dataset number 12, `r12` in place of all its rows.
 * Small letters and digits.
 */
export type Target = string

/** Moves the rows of a committed table to their target; doing it again does no harm. */
export type Move = (table: string, target: Target) => Promise<void>

/**
 * Writes bodies, each wholly or not at all, also when the process is killed in between.
 *
 * A body is read into a table of its own and checked there. Renaming that table is the commitment: what has the
 * new name is moved to its target, now or at the next start; what has not is thrown away at the next start.
 */
export class StagedWrites {
  readonly #store: Store
  readonly #move: Move
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: Store, move: Move) {
    this.#store = store
    this.#move = move
  }

  /** Finishes what was committed and drops what was not when the process last ended. */
  async recover(): Promise<void> {
    const tables = await this.#store.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '^(incoming|committed)_')",
    )
    for (const { name } of tables) {
      const target = /^committed_([0-9a-z]+)_/.exec(name)?.[1]
      if (target !== undefined) await this.#move(name, target)
      await this.#drop(name)
    }
  }

  /**
   * Creates a table by the rest of its definition, such as `AS bars_1m`, lets `fill` read a body into it and check it, and commits.
   * What `fill` throws is thrown, and nothing is written then. Resolves when the rows can be read.
   * Writes run one after the other: each is fast, and two would only fight for the same cores.
   */
  write<Report>(
    definition: string,
    fill: (table: string) => Promise<{ target: Target; report: Report }>,
  ): Promise<Report> {
    return this.alone(() => this.#writeNow(definition, fill))
  }

  /** Does what is no body, such as a change of a definition, when no other write runs. */
  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }

  async #writeNow<Report>(
    definition: string,
    fill: (table: string) => Promise<{ target: Target; report: Report }>,
  ): Promise<Report> {
    const id = randomUUID().replaceAll('-', '')
    const incoming = `incoming_${id}`
    await this.#store.command(`CREATE TABLE ${incoming} ${definition}`)
    try {
      const { target, report } = await fill(incoming)
      const committed = `committed_${target}_${id}`
      await this.#store.command(`RENAME TABLE ${incoming} TO ${committed}`)
      await this.#finish(committed, target)
      return report
    } catch (error) {
      await this.#drop(incoming)
      throw error
    }
  }

  async #finish(committed: string, target: Target): Promise<void> {
    try {
      await this.#move(committed, target)
      await this.#drop(committed)
    } catch (cause) {
      throw new BarkeepError('STORE_UNAVAILABLE', {
        message:
          'The rows are safe, but cannot be read before the next start of the server. Sending them again does no harm.',
        cause,
      })
    }
  }

  #drop(table: string): Promise<void> {
    return this.#store.command(`DROP TABLE IF EXISTS ${table} SYNC`)
  }
}
