import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient, type MarketStatus } from '@barkeep/client'
import { type Emulator, startEmulator, type UpstreamId } from '@barkeep/emulator'
import { loadConfig, type RunningServer, startServer } from '@barkeep/server'
import { DayClock } from './trading-day-clock.js'
import { DayEar } from './trading-day-ear.js'

const MS_PER_MINUTE = 60_000
/** Of the day's time. */
const WAIT_STEP_MS = 200
const WAIT_MS_MAX = 30 * MS_PER_MINUTE
const upstreams = ['twse', 'tpex', 'yahoo', 'fugle', 'shioaji'] as const satisfies readonly UpstreamId[]
const streaming = ['fugle', 'shioaji'] as const

/** A bar as numbers: open, high, low, close, volume in shares. */
export type Numbers = readonly number[]

export interface KeptBar {
  readonly numbers: Numbers
  readonly source: string
}

export interface DayOptions {
  /** A session date of the played market. */
  readonly date: string
  /** `HH:MM` in Taipei at which the server starts. */
  readonly start: string
  /** The configuration, but for where upstreams are. */
  readonly config: object
}

/** A server, its upstreams and its subscribers on one day whose time passes as the test says. */
export class TradingDay {
  readonly date: string
  readonly clock: DayClock
  readonly emulator: Emulator
  readonly server: RunningServer
  readonly client: Client
  readonly ears: { readonly kmin: DayEar; readonly khour: DayEar; readonly kday: DayEar }
  readonly #directory: string

  private constructor(
    parts: Pick<TradingDay, 'date' | 'clock' | 'emulator' | 'server' | 'ears'> & {
      readonly directory: string
      readonly client: Client
    },
  ) {
    this.date = parts.date
    this.clock = parts.clock
    this.emulator = parts.emulator
    this.server = parts.server
    this.client = parts.client
    this.ears = parts.ears
    this.#directory = parts.directory
  }

  static async open({ date, start, config }: DayOptions): Promise<TradingDay> {
    const clock = new DayClock(Date.parse(`${date}T${start}:00+08:00`))
    const lifted = Object.fromEntries(upstreams.map((id) => [id, []]))
    const emulator = await startEmulator({ stocks: 30, now: clock.now, arrivalClock: clock.now, limits: lifted })
    const directory = mkdtempSync(join(tmpdir(), 'barkeep-trading-day-'))
    const file = join(directory, 'barkeep.config.json')
    writeFileSync(file, JSON.stringify(config))
    const where = upstreams.flatMap((id) => [
      [`connectors.${id}.baseUrl`, emulator.url(id)],
      [`connectors.${id}.limits`, JSON.stringify([{ requests: 50, perMs: 1 }])],
    ])
    const flags = { data: join(directory, 'data'), port: '0', ...Object.fromEntries(where) }
    const server = await startServer(loadConfig({ flags, file }), false, clock)
    const client = createClient({ url: server.url })
    const ears = {
      kmin: new DayEar(client, 'kmin'),
      khour: new DayEar(client, 'khour'),
      kday: new DayEar(client, 'kday'),
    }
    return new TradingDay({ date, clock, emulator, server, client, ears, directory })
  }

  /** `HH:MM` or `HH:MM:SS` of the day in Taipei, milliseconds since the epoch. */
  at(time: string): number {
    return Date.parse(`${this.date}T${time}+08:00`)
  }

  /** Lets the market go on until a time of the day. */
  async until(time: string): Promise<void> {
    while (this.clock.now() < this.at(time)) await this.#pass(this.at(time) - this.clock.now())
  }

  /** Waits for something that time alone does not bring; the market goes on meanwhile, half an hour at most. */
  async waitFor(isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const fromMs = this.clock.now()
    while (!(await isTrue())) {
      if (this.clock.now() > fromMs + WAIT_MS_MAX) {
        throw new Error(`From ${new Date(fromMs).toISOString()} on in vain for: ${isTrue}`)
      }
      await this.#pass(WAIT_STEP_MS)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** At every full minute what streams tells what was matched in it. */
  async #pass(delayMs: number): Promise<void> {
    const now = this.clock.now()
    const minuteMs = now - (now % MS_PER_MINUTE) + MS_PER_MINUTE
    await this.clock.until(Math.min(now + delayMs, minuteMs))
    if (this.clock.now() < minuteMs) return
    for (const upstream of streaming) this.emulator.tell(upstream)
    // What was sent arrives over real connections before time goes on.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  /** The minutes of instruments from a time of the day on, until before another: what the market really did. */
  minutes(instruments: readonly string[], from = '09:00', until = '13:30'): Map<string, Numbers> {
    const { truth, tpexTruth } = this.emulator
    return new Map(
      instruments.flatMap((instrument) => {
        const [exchange, symbol = ''] = instrument.split(':')
        const market = exchange === 'TPEX' ? tpexTruth.market : truth
        return market
          .minutes(symbol, this.date)
          .filter(({ minute }) => minute >= from && minute < until)
          .map(({ tsMs, open, high, low, close, volumeShares }): [string, Numbers] => [
            keyOf(instrument, tsMs),
            [open, high, low, close, volumeShares],
          ])
      }),
    )
  }

  /** The hours of instruments, by their minutes. */
  hours(instruments: readonly string[]): Map<string, Numbers> {
    const hours = new Map<string, Numbers>()
    for (const [key, minute] of this.minutes(instruments)) {
      const hour = `${key.slice(0, -2)}00`
      const before = hours.get(hour)
      hours.set(hour, before === undefined ? minute : joined(before, minute))
    }
    return hours
  }

  /** The day of instruments as the exchanges publish it. */
  days(instruments: readonly string[]): Map<string, Numbers> {
    const { truth, tpexTruth } = this.emulator
    return new Map(
      instruments.flatMap((instrument): [string, Numbers][] => {
        const [exchange, symbol = ''] = instrument.split(':')
        const day = (exchange === 'TPEX' ? tpexTruth : truth).day(symbol, this.date)
        if (day === undefined || day.open === null || day.high === null || day.low === null || day.close === null)
          return []
        return [[keyOf(instrument, this.at('09:00')), [day.open, day.high, day.low, day.close, day.volumeShares]]]
      }),
    )
  }

  /** What is kept of the day, final bars unless told, or what one source said of it, kept or not. */
  async kept(
    interval: '1m' | '1h' | '1d',
    which: { readonly source?: string; readonly final?: boolean } = {},
  ): Promise<Map<string, KeptBar>> {
    const kept = new Map<string, KeptBar>()
    const columns = ['instrument', 'ts', 'open', 'high', 'low', 'close', 'volume', 'source', 'final'] as const
    const window = { interval, start: this.date, end: nextDate(this.date), columns, limit: 50_000 } as const
    for await (const bar of this.client.bars(undefined, { ...window, ...which })) {
      const key = keyOf(bar.instrument, Date.parse(bar.ts))
      if (kept.has(key)) throw new Error(`${key} is there twice.`)
      kept.set(key, { numbers: [bar.open, bar.high, bar.low, bar.close, bar.volume], source: bar.source })
    }
    return kept
  }

  /** What a subscriber knows of some instruments, from a time of the day on. */
  heard(
    topic: keyof TradingDay['ears'],
    instruments: readonly string[],
    from = '09:00',
    until = '13:30',
  ): Map<string, Numbers> {
    const wanted = new Set(instruments)
    return new Map(
      [...this.ears[topic].bars.values()]
        .filter(({ instrument, ts }) => {
          return wanted.has(instrument) && Date.parse(ts) >= this.at(from) && Date.parse(ts) < this.at(until)
        })
        .map(({ instrument, ts, open, high, low, close, volume }): [string, Numbers] => [
          keyOf(instrument, Date.parse(ts)),
          [open, high, low, close, volume],
        ]),
    )
  }

  /** A line of `GET /v1/markets`, such as `TWSE 1m`. */
  async market(line: string): Promise<MarketStatus> {
    const all = await this.client.markets().toArray()
    const found = all.find(({ exchange, interval }) => `${exchange} ${interval}` === line)
    if (found === undefined) throw new Error(`${line} is not declared.`)
    return found
  }

  /** The `data` of what the server answers. */
  async get(path: string) {
    return (await (await fetch(this.server.url + path)).json()).data
  }

  async close(): Promise<void> {
    for (const ear of Object.values(this.ears)) await ear.close()
    let isClosed = false
    const closing = this.server.close().finally(() => {
      isClosed = true
    })
    await this.waitFor(() => isClosed)
    await closing
    await this.emulator.close()
    rmSync(this.#directory, { recursive: true })
  }
}

function joined([open = 0, high = 0, low = 0, , volume = 0]: Numbers, later: Numbers): Numbers {
  const [, laterHigh = 0, laterLow = 0, close = 0, laterVolume = 0] = later
  return [open, Math.max(high, laterHigh), Math.min(low, laterLow), close, volume + laterVolume]
}

function keyOf(instrument: string, ms: number): string {
  return `${instrument} ${new Date(ms + 8 * 60 * MS_PER_MINUTE).toISOString().slice(11, 16)}`
}

function nextDate(date: string): string {
  return new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)
}
