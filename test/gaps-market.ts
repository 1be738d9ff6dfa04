import { defineConnector, simulatedCsv, simulatedInstruments } from '@barkeep/connectors'
import {
  type Bar,
  builtInExchanges,
  type Connector,
  type Instrument,
  type JsonObject,
  type KeptInterval,
  keptIntervals,
  sessionDateOf,
  upstreamError,
} from '@barkeep/core'

const SEED = 7

/** The simulated exchange as an upstream that can be told to leave things out, and remembers what it was asked. */
export interface GapsMarket {
  readonly connector: Connector
  readonly instruments: readonly Instrument[]
  readonly asked: JsonObject[]
  /** Bars for which this is true are not told. */
  hides: (bar: Bar, interval: KeptInterval) => boolean
  /** Bars for which this is true are told as zeros. */
  spoils: (bar: Bar, interval: KeptInterval) => boolean
  /** Questions for which this is true are refused. */
  refuses: (params: JsonObject) => boolean
  /** All bars that were traded. */
  bars(interval: KeptInterval): readonly Bar[]
}

type DayParams = { readonly date: string }
type RangeParams = {
  readonly instrument: string
  readonly interval: '1m' | '1h'
  readonly start: string
  readonly end: string
}

/** `halted` names an instrument and the dates on which it was not traded. */
export function createGapsMarket(
  sessionDates: readonly string[],
  halted: { readonly instrument: string; readonly dates: readonly string[] },
): GapsMarket {
  const instruments = simulatedInstruments(SEED).slice(0, 12)
  const truth = Object.fromEntries(
    keptIntervals.map((interval) => [
      interval,
      readCsv([...simulatedCsv({ seed: SEED, interval, sessionDates, instruments })].join('')).filter(
        (bar) => bar.instrument !== halted.instrument || !halted.dates.includes(dateOf(bar)),
      ),
    ]),
  ) as Record<KeptInterval, Bar[]> // the keys are those intervals
  const market: Omit<GapsMarket, 'connector'> = {
    instruments,
    asked: [],
    hides: () => false,
    spoils: () => false,
    refuses: () => false,
    bars: (interval) => truth[interval],
  }
  const ask = (params: JsonObject) => {
    market.asked.push(params)
    if (market.refuses(params)) throw upstreamError('UPSTREAM_REFUSED', 'gapsmarket: not today.')
  }
  const told = (interval: KeptInterval, start: string, end: string) =>
    truth[interval]
      .filter((bar) => dateOf(bar) >= start && dateOf(bar) < end && !market.hides(bar, interval))
      .map((bar) => (market.spoils(bar, interval) ? { ...bar, open: 0, high: 0, low: 0, close: 0 } : bar))
  const intraday = (of: '1m' | '1h') => ({
    title: `Bars of ${of}`,
    of,
    exchanges: ['SIM'],
    per: 'instrument' as const,
    since: null,
    bytesPerPage: 1_000,
    handler: 'range' as const,
    *params({ instruments: some, start, end }: { instruments: readonly Instrument[]; start: string; end: string }) {
      for (const { instrument } of some) yield { instrument, interval: of, start, end }
    },
  })
  const connector = defineConnector<{ day: DayParams; range: RangeParams }>({
    id: 'gapsmarket',
    title: 'A market with gaps',
    homepage: 'https://example.com/',
    limits: [{ requests: 1_000, perMs: 1_000, per: 'host' }],
    credentials: [],
    datasets: [],
    handlers: {
      async day(task) {
        const { date } = task.params
        ask(task.params)
        const covers = [{ scope: 'SIM', of: '1d', start: date, end: dateAfter(date) }]
        if (!sessionDates.includes(date)) return { task, data: { absence: 'holiday', covers }, nextTasks: [] }
        return {
          task,
          data: { bars: [{ interval: '1d', bars: told('1d', date, dateAfter(date)) }], covers },
          nextTasks: [],
        }
      },
      async range(task) {
        const { instrument, interval, start, end } = task.params
        ask(task.params)
        const covers = [{ scope: instrument, of: interval, start, end }]
        const bars = told(interval, start, end).filter((bar) => bar.instrument === instrument)
        return { task, data: { bars: [{ interval, bars }], covers }, nextTasks: [] }
      },
    },
    crawls: {
      days: {
        title: 'Days of all instruments',
        of: '1d',
        exchanges: ['SIM'],
        per: 'exchange',
        since: null,
        bytesPerPage: 1_000,
        handler: 'day',
        *params({ start, end }) {
          for (let date = start; date < end; date = dateAfter(date)) {
            if (![0, 6].includes(new Date(date).getUTCDay())) yield { date }
          }
        },
      },
      hours: intraday('1h'),
      minutes: intraday('1m'),
    },
  })
  return Object.assign(market, { connector })
}

const simulated = builtInExchanges.filter(({ code }) => code === 'SIM')

export function dateOf({ ts }: Bar): string {
  const [exchange] = simulated
  if (exchange === undefined) throw new RangeError('SIM is not built in.')
  return sessionDateOf(exchange, Date.parse(ts))
}

export function dateAfter(date: string): string {
  return new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)
}

function readCsv(csv: string): Bar[] {
  return csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [instrument = '', ts = '', ...numbers] = line.split(',')
      const [open = 0, high = 0, low = 0, close = 0, volume = 0, turnover = 0, trades = 0] = numbers.map(Number)
      return { instrument, ts, open, high, low, close, volume, turnover, trades }
    })
}
