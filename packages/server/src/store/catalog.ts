import {
  BarkeepError,
  builtInExchanges,
  type Exchange,
  type Instrument,
  nearestName,
  parseInstrument,
} from '@barkeep/core'
import type { Store } from './store.js'

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

  private constructor(store: Store) {
    this.#store = store
  }

  static async load(store: Store): Promise<Catalog> {
    const catalog = new Catalog(store)
    for (const { definition } of await store.rows<{ definition: string }>(
      'SELECT definition FROM exchanges FINAL ORDER BY code',
    )) {
      const exchange = JSON.parse(definition) as Exchange // written by addExchange
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

  /** Makes bare instruments of names that are not known yet. Throws UNKNOWN_EXCHANGE, INVALID_PARAMETER. */
  async createMissing(names: Iterable<string>): Promise<string[]> {
    const missing = [...names].filter((name) => !this.#instruments.has(name))
    await this.save(
      missing.map((instrument) => {
        const { exchange, symbol } = parseInstrument(instrument)
        this.exchange(exchange)
        return { instrument, exchange, symbol, name: symbol, kind: 'stock', isin: null, listed: null, delisted: null }
      }),
    )
    return missing
  }

  /** Creates instruments, or replaces what is known of them; their numbers stay. */
  async save(instruments: readonly Instrument[]): Promise<void> {
    if (instruments.length === 0) return
    let next = this.#byId.length
    const rows = instruments.map((instrument): NumberedInstrument => {
      this.exchange(instrument.exchange)
      const id = this.#instruments.get(instrument.instrument)?.id
      return { ...instrument, id: id ?? next++ }
    })
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    await this.#store.insert({
      table: 'instruments',
      select: '*, now64(3)',
      structure:
        'id UInt32, instrument String, exchange String, symbol String, name String, kind String, isin Nullable(String), listed Nullable(Date32), delisted Nullable(Date32)',
      format: 'JSONEachRow',
      body: (async function* () {
        yield new TextEncoder().encode(lines)
      })(),
      bytesMax: Number.POSITIVE_INFINITY,
    })
    await this.#store.command('SYSTEM RELOAD DICTIONARY instrument_names')
    for (const row of rows) this.#remember(row)
  }

  #remember(row: NumberedInstrument): void {
    this.#instruments.set(row.instrument, row)
    this.#byId[row.id] = row
  }
}
