import type { ColumnType } from '@barkeep/core'
import { engineTypes } from '../datasets/dataset-column-sql.js'
import type { Param } from '../store.js'

/** Collects the values of a query and gives the placeholder of each. */
export class Binder {
  readonly all: Record<string, Param> = {}
  #count = 0

  /** Goes on behind the values of another, which stays as it is. */
  constructor(before?: Binder) {
    if (before === undefined) return
    Object.assign(this.all, before.all)
    this.#count = before.#count
  }

  typed(type: ColumnType, value: string): string {
    return this.bind(engineTypes[type], type === 'instant' ? value.replace('Z', '') : value)
  }

  bind(engineType: string, value: Param): string {
    const name = `p${this.#count++}`
    this.all[name] = value
    return `{${name}:${engineType}}`
  }
}
