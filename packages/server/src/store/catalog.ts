import {
  BarkeepError,
  builtInExchanges,
  type Exchange,
  type Instrument,
  instrumentPattern,
  nearestName,
  parseInstrument,
} from '@barkeep/core'
import type { Store } from './store.js'

const instrumentShape = new RegExp(instrumentPattern)

/** An instrument with the number under which the store keeps its bars. */
export interface NumberedInstrument extends Instrument {
  readonly id: number
}

/**
 * The exchanges and instruments of a store, held in memory: tens of thousands at most, asked for by every request.
 * Numbers are given from 0 in the order of creation and never change.
 */
export class Catalog {
  readonly #store: Store
  readonly #exchanges = new Map<string, Exchange>(builtInExchanges.map((exchange) => [exchange.code, exchange]))
  readonly #instruments = new Map<string, NumberedInstrument>()
  readonly #byId: NumberedInstrument[] = []
  #changing: Promise<unknown> = Promise.resolve()

  private constructor(store: Store) {
    this.#store = store
  }

  static async load(store: Store): Promise<Catalog> {
    const catalog = new Catalog(store)
    for (const { definition } of await store.rows<{ definition: string }>(
      'SELECT definition FROM exchanges FINAL ORDER BY code',
    )) {
      const exchange = JSON.parse(definition) as Exchange // written by saveExchanges
      catalog.#exchanges.set(exchange.code, exchange)
    }
    const rows = await store.rows<NumberedInstrument>(
      'SELECT id, instrument, exchange, symbol, name, kind, isin, listed, delisted FROM instruments FINAL ORDER BY id',
    )
    for (const row of rows) catalog.#remember(row)
    return catalog
  }

  get exchanges(): readonly Exchange[] {
    return [...this.#exchanges.values()]
  }

  /** All instruments in the order of their numbers. */
  get instruments(): readonly NumberedInstrument[] {
    return this.#byId
  }

  instrument(name: string): NumberedInstrument | undefined {
    return this.#instruments.get(name)
  }

  instrumentById(id: number): NumberedInstrument | undefined {
    return this.#byId[id]
  }

  /** Throws UNKNOWN_EXCHANGE, naming the nearest known code. */
  exchange(code: string): Exchange {
    const exchange = this.#exchanges.get(code)
    if (exchange !== undefined) return exchange
    const near = nearestName(code, this.#exchanges.keys())
    const hint = near === undefined ? 'GET /v1/exchanges lists the known ones.' : `Did you mean ${near}?`
    const message = `The exchange '${code.slice(0, 40)}' is not known. ${hint}`
    throw new BarkeepError('UNKNOWN_EXCHANGE', {
      message,
      errors: [{ code: 'UNKNOWN_EXCHANGE', parameter: 'exchange', value: code.slice(0, 40), message }],
    })
  }

  /** Numbers of all instruments of an exchange. */
  idsOf(code: string): number[] {
    return this.#byId.filter(({ exchange }) => exchange === code).map(({ id }) => id)
  }

  /** Adds exchanges, or replaces what is known of them. Throws INVALID_TIMEZONE for one that the engine lacks. */
  async saveExchanges(exchanges: readonly Exchange[]): Promise<void> {
    await this.#requireZones(exchanges)
    await this.#insertLines(
      'exchanges',
      'code String, definition String',
      exchanges.map((exchange) => ({ code: exchange.code, definition: JSON.stringify(exchange) })),
    )
    for (const exchange of exchanges) this.#exchanges.set(exchange.code, exchange)
  }

  /** Makes bare instruments of names that are not known yet. Throws UNKNOWN_EXCHANGE, INVALID_PARAMETER. */
  async createMissing(names: Iterable<string>): Promise<void> {
    await this.introduce(names, async () => true)
  }

  /**
   * Gives numbers to those names that are not known yet and lets `work` use them; only when it gives something are the
   * instruments kept. Throws UNKNOWN_EXCHANGE, INVALID_PARAMETER, and what `work` throws.
   */
  introduce<Result>(
    names: Iterable<string>,
    work: (added: readonly NumberedInstrument[]) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    return this.#exclusively(async () => {
      const missing = [...new Set(names)].filter((name) => !this.#instruments.has(name))
      const added = this.#numbered(missing.map((name) => this.#bare(name)))
      const result = await work(added)
      if (result !== undefined) await this.#write(added)
      return result
    })
  }

  /** Creates instruments, or replaces what is known of them; their numbers stay. Of two with one name the last counts. */
  save(instruments: readonly Instrument[]): Promise<void> {
    return this.#exclusively(async () => {
      const byName = new Map(instruments.map((instrument) => [instrument.instrument, instrument]))
      await this.#write(this.#numbered([...byName.values()]))
    })
  }

  /** Whether a name is one of an instrument on a known exchange. */
  canBe(name: string): boolean {
    return instrumentShape.test(name) && this.#exchanges.has(parseInstrument(name).exchange)
  }

  #bare(instrument: string): Instrument {
    const { exchange, symbol } = parseInstrument(instrument)
    return { instrument, exchange, symbol, name: symbol, kind: 'stock', isin: null, listed: null, delisted: null }
  }

  #numbered(instruments: readonly Instrument[]): NumberedInstrument[] {
    let next = this.#byId.length
    return instruments.map((instrument) => {
      this.exchange(instrument.exchange)
      return { ...instrument, id: this.#instruments.get(instrument.instrument)?.id ?? next++ }
    })
  }

  async #write(rows: readonly NumberedInstrument[]): Promise<void> {
    if (rows.length === 0) return
    await this.#insertLines(
      'instruments',
      'id UInt32, instrument String, exchange String, symbol String, name String, kind String, isin Nullable(String), listed Nullable(Date32), delisted Nullable(Date32)',
      rows,
    )
    await this.#store.command('SYSTEM RELOAD DICTIONARY instrument_names')
    await this.#store.command('SYSTEM RELOAD DICTIONARY instrument_ids')
    for (const row of rows) this.#remember(row)
  }

  /** Changes are one after the other, so that a number is given once. */
  #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#changing.then(work)
    this.#changing = done.catch(() => undefined)
    return done
  }

  async #requireZones(exchanges: readonly Exchange[]): Promise<void> {
    const zones = exchanges.map(({ timeZone }) => timeZone)
    const rows = await this.#store.rows<{ zone: string }>(
      'SELECT time_zone AS zone FROM system.time_zones WHERE time_zone IN {zones:Array(String)}',
      { zones },
    )
    const known = new Set(rows.map(({ zone }) => zone))
    const index = zones.findIndex((zone) => !known.has(zone))
    if (index === -1) return
    const message = `timeZone '${zones[index]?.slice(0, 40)}' is not an IANA time zone. Write it such as Asia/Taipei.`
    throw new BarkeepError('INVALID_TIMEZONE', {
      message,
      errors: [{ code: 'INVALID_TIMEZONE', field: 'timeZone', index, message }],
    })
  }

  #insertLines(table: string, structure: string, rows: readonly object[]): Promise<void> {
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    return this.#store.insert({
      table,
      select: '*, now64(3)',
      structure,
      format: 'JSONEachRow',
      body: (async function* () {
        yield new TextEncoder().encode(lines)
      })(),
      bytesMax: Number.POSITIVE_INFINITY,
    })
  }

  #remember(row: NumberedInstrument): void {
    this.#instruments.set(row.instrument, row)
    this.#byId[row.id] = row
  }
}
