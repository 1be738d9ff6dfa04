import type { Store } from '../../store/store.js'
import type { ScheduleDefinition } from './schedule-definition.js'

export type RunState = 'started' | 'done' | 'failed'

/** A schedule and its last run. */
export interface StoredSchedule {
  readonly name: string
  readonly definition: ScheduleDefinition
  /** Whether the configuration has it. */
  readonly declared: boolean
  /** When the last run was due, or the schedule was made; milliseconds since the epoch. */
  readonly slotMs: number
  readonly state: RunState
  /** Crawls that the last run ordered. */
  readonly crawls: readonly number[]
  /** Why the last run failed; empty otherwise. */
  readonly error: string
}

/** Schedules as they survive the process. */
export class ScheduleTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async load(): Promise<StoredSchedule[]> {
    const rows = await this.#store.rows<Omit<StoredSchedule, 'definition'> & { definition: string }>(
      "SELECT name, definition, declared, slot AS slotMs, state, crawls, error FROM schedules FINAL WHERE state != 'removed' ORDER BY name",
    )
    // Written by save.
    return rows.map((row) => ({ ...row, definition: JSON.parse(row.definition) as ScheduleDefinition }))
  }

  save({ definition, ...schedule }: StoredSchedule): Promise<void> {
    return this.#write({ ...schedule, definition: JSON.stringify(definition) })
  }

  remove(name: string): Promise<void> {
    return this.#write({ name, definition: '{}', declared: false, slotMs: 0, state: 'removed', crawls: [], error: '' })
  }

  #write(row: {
    readonly name: string
    readonly definition: string
    readonly declared: boolean
    readonly slotMs: number
    readonly state: RunState | 'removed'
    readonly crawls: readonly number[]
    readonly error: string
  }): Promise<void> {
    return this.#store.command(
      `INSERT INTO schedules SELECT {name:String}, {definition:String}, {declared:Bool}, {slotMs:Int64}, {state:String},
        {crawls:Array(UInt32)}, {error:String}, toUnixTimestamp64Micro(now64(6))`,
      row,
    )
  }
}
