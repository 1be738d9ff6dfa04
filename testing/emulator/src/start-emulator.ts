import type { FaultOrder } from './faults/fault.js'
import { createFaultPlan } from './faults/fault-plan.js'
import { finmind } from './finmind/index.js'
import { fugle } from './fugle/index.js'
import { type ArrivalGate, type ArrivalLimit, createArrivalGate } from './http/arrival-limit.js'
import type { Arrival } from './http/arrival-log.js'
import type { Upstream } from './http/upstream.js'
import { startUpstreamServer, type UpstreamServer } from './http/upstream-server.js'
import { createTruth, type Truth } from './market/truth.js'
import { mops } from './mops/index.js'
import { createMopsTruth, type MopsTruth } from './mops/mops-truth.js'
import { noRecordings } from './recorded/recordings.js'
import { shioaji } from './shioaji/index.js'
import { taifex } from './taifex/index.js'
import { createTaifexTruth, type TaifexTruth } from './taifex/taifex-truth.js'
import { tpex } from './tpex/index.js'
import { type TpexTruth, tpexTruthOf } from './tpex/tpex-truth.js'
import { twse } from './twse/index.js'
import { worldtradingdata } from './worldtradingdata/index.js'
import { createWorldTruth, type WorldTruth } from './worldtradingdata/world-truth.js'
import { yahoo } from './yahoo/index.js'
import { createYahooTruth, type YahooTruth } from './yahoo/yahoo-truth.js'

/** Every upstream that is played. A new one is a folder, and its name here twice. */
export const upstreams = {
  twse,
  yahoo,
  worldtradingdata,
  tpex,
  mops,
  taifex,
  finmind,
  fugle,
  shioaji,
} as const satisfies Record<string, Upstream>
export type UpstreamId = keyof typeof upstreams
export const upstreamIds: readonly UpstreamId[] = [
  'twse',
  'yahoo',
  'worldtradingdata',
  'tpex',
  'mops',
  'taifex',
  'finmind',
  'fugle',
  'shioaji',
]

export interface EmulatorOptions {
  /** The same seed is the same market; 1 when absent. */
  readonly seed?: number
  /** Time of the market, ms since the epoch; the machine's own when absent. */
  readonly now?: () => number
  /** Time by which arrivals are stamped and limited, ms since the epoch; the machine's own when absent. */
  readonly arrivalClock?: () => number
  /** In place of the upstream's own limits; an empty list lifts them, for those behind its wall as well. */
  readonly limits?: Partial<Record<UpstreamId, readonly ArrivalLimit[]>>
  /** Divides windows and bans of all limits, also of those given; 1 when absent. */
  readonly timeScale?: number
  /** How many stocks the lists of the exchange name; 100 when absent. */
  readonly stocks?: number
  /**
   * A folder of recorded bodies, which are served for exactly the questions they answer; all else is generated.
   * None when absent: recordings contradict the truth.
   */
  readonly recorded?: string
  /** Bytes of a day that an account of Shioaji may fetch; 500 MB when absent. */
  readonly bytesPerDay?: number
  /** Faults from the start on. */
  readonly faults?: readonly (FaultOrder & { readonly upstream: UpstreamId })[]
  /** Ports of 127.0.0.1; any free one where absent. */
  readonly ports?: Partial<Record<UpstreamId, number>>
}

export interface Emulator {
  /** Where an upstream listens; put it into `connectors.<id>.baseUrl`. It stands for all hosts of the upstream. */
  url(upstream: UpstreamId): string
  /** All requests so far, in the order of their coming. */
  arrivals(upstream: UpstreamId): readonly Arrival[]
  /** Those that found the window of a limit full. */
  violations(upstream: UpstreamId): readonly Arrival[]
  readonly faults: {
    set(upstream: UpstreamId, order: FaultOrder): void
    clear(upstream?: UpstreamId): void
  }
  /** The market of Taiwan, as the exchange tells it in full. */
  readonly truth: Truth
  /** The same market as far as Yahoo tells it. */
  readonly yahooTruth: YahooTruth
  /** The same market on the other exchange. */
  readonly tpexTruth: TpexTruth
  /** What companies of both exchanges report. */
  readonly mopsTruth: MopsTruth
  /** Futures and options on that market. */
  readonly taifexTruth: TaifexTruth
  /** The market of World Trading Data. */
  readonly worldTruth: WorldTruth
  /** How many instruments are listened to over connections that stay open. */
  listened(upstream: UpstreamId): number
  /** Tells who listens what the market did since they were told last; nothing is told by itself. */
  tell(upstream: UpstreamId): void
  /** Breaks all connections that stay open. */
  drop(upstream: UpstreamId): void
  /** Path and query of every question that a recording answers. */
  recordedQuestions(upstream: UpstreamId): readonly string[]
  close(): Promise<void>
}

/** Starts every upstream on its own port. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { seed = 1, now = Date.now, arrivalClock = machineClock, timeScale = 1, stocks = 100 } = options
  const truth = createTruth({ seed, stocks })
  const faults = createFaultPlan()
  for (const { upstream, ...order } of options.faults ?? []) faults.set(upstream, order)

  const gates = new Map<string, ArrivalGate>()
  for (const id of upstreamIds) {
    const limits = options.limits?.[id] ?? upstreams[id].limits
    gates.set(id, createArrivalGate(limits.map((limit) => scaled(limit, timeScale))))
  }
  const servers = new Map<UpstreamId, UpstreamServer>()
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => server.close()))
  }
  try {
    for (const id of upstreamIds) {
      const upstream: Upstream = upstreams[id]
      const gateAt = (path: string) => gates.get(upstream.countedBy?.(path) ?? id) ?? createArrivalGate([])
      const port = options.ports?.[id] ?? 0
      const { recorded, bytesPerDay = 500_000_000 } = options
      const recordings = (recorded === undefined ? undefined : upstream.recordings?.(recorded)) ?? noRecordings
      const rest = { now, arrivalClock, bytesPerDay, port }
      const server = await startUpstreamServer({ upstream, truth, gateAt, faults, recordings, ...rest })
      servers.set(id, server)
    }
  } catch (error) {
    await close()
    throw error
  }
  const serverOf = (id: UpstreamId): UpstreamServer => {
    const server = servers.get(id)
    if (server === undefined)
      throw new RangeError(`'${id}' is not played. Use one of ${[...servers.keys()].join(', ')}.`)
    return server
  }

  return {
    url: (id) => serverOf(id).url,
    arrivals: (id) => serverOf(id).log.all(),
    violations: (id) =>
      serverOf(id)
        .log.all()
        .filter(({ overLimit }) => overLimit),
    faults,
    truth,
    yahooTruth: createYahooTruth(truth),
    tpexTruth: tpexTruthOf(truth),
    mopsTruth: createMopsTruth(truth),
    taifexTruth: createTaifexTruth(truth),
    worldTruth: createWorldTruth(seed),
    listened: (id) => serverOf(id).connections?.listened() ?? 0,
    tell: (id) => serverOf(id).connections?.tell(),
    drop: (id) => serverOf(id).connections?.drop(),
    recordedQuestions: (id) => serverOf(id).recordings.questions(),
    close,
  }
}

/** Monotonic, so that a step of the machine's clock breaks no window. */
function machineClock(): number {
  return performance.timeOrigin + performance.now()
}

function scaled(limit: ArrivalLimit, timeScale: number): ArrivalLimit {
  return { ...limit, perMs: limit.perMs / timeScale, banMs: limit.banMs / timeScale }
}
