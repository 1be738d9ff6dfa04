import { BarkeepError } from '@barkeep/core'
import { type Client, type ClientOptions, createClient } from './index.js'

/**
 * What programs do with the client, to be run wherever the client runs. Each gives back what it observed as plain
 * JSON, so that a browser can hand it over; client.contract.ts plays the server to each and judges.
 */
export const scenarios = {
  async createAListAndNotReadIt({ client }) {
    client.dataset('birds').rows({ limit: 5 })
    await client.health()
  },

  async leaveAListAtItsFiftiethRow({ client }) {
    const ids: unknown[] = []
    for await (const row of client.dataset('birds').rows({ limit: 5, where: { Location: '玉山 & 山莊' } })) {
      ids.push(row.id)
      if (ids.length === 50) break
    }
    return ids
  },

  async readAllPages({ client }) {
    const sizes: number[] = []
    for await (const page of client.instruments().pages()) sizes.push(page.length)
    return sizes
  },

  async leaveAListWhileAPageIsOnItsWay({ client }) {
    const pages = client.instruments().pages()
    await pages.next()
    const pending = pages.next()
    await client.health() // answered once the second page was asked for
    await pages.return?.()
    return (await pending).done
  },

  async askForExchanges({ client, slept }) {
    const exchanges = await client.exchanges()
    return { exchanges, slept }
  },

  askWhatIsRefused({ client }) {
    return failureOf(client.calendar('TWSE', { start: '2026-02-01', end: '2026-01-01' }))
  },

  askAServerThatAsksForAnHour({ client }) {
    return failureOf(client.exchanges())
  },

  async abortWhileAnAnswerIsOnItsWay({ client }) {
    const controller = new AbortController()
    const { signal } = controller
    const pending = failureOf(client.exchanges({ signal }))
    await client.health() // answered once the exchanges were asked for
    controller.abort(new Error('enough'))
    return [await pending, await failureOf(client.exchanges({ signal }))]
  },

  async abortBetweenAttempts({ url }) {
    const controller = new AbortController()
    const sleep = async (_: number, signal?: AbortSignal) => {
      controller.abort(new Error('enough'))
      signal?.throwIfAborted()
    }
    return failureOf(createClient({ url, sleep }).exchanges({ signal: controller.signal }))
  },

  async uploadTwice({ client }) {
    const csv = 'instrument,ts\n'
    const first = await client.createBars('1m', csv, { contentType: 'text/csv', source: 'hand' })
    await client.createBars('1m', csv, { contentType: 'text/csv', idempotencyKey: 'mine' })
    return first
  },

  async readRawBytesAndLeave({ client }) {
    for await (const chunk of client.barsText(undefined, { ...hours, format: 'csv' })) {
      return new TextDecoder().decode(chunk)
    }
    return undefined
  },

  async loadBars({ client }) {
    const table = await client.loadBars({ instruments: ['TWSE:2330'], ...hours, columns: ['ts', 'close', 'volume'] })
    const columns = (['ts', 'close', 'volume'] as const).map((name) => table.getChild(name))
    return {
      rows: table.numRows,
      kinds: columns.map((column) => column.toArray().constructor.name),
      last: columns.map((column) => column.at(table.numRows - 1)),
    }
  },

  failToLoadBars({ client }) {
    return failureOf(client.loadBars(hours))
  },

  async readBarsInBatches({ client }) {
    const closes: unknown[] = []
    for await (const table of client.barBatches(hours)) closes.push(...table.getChild('close').toArray())
    return closes
  },

  async leaveBatchesAtTheFirst({ client }) {
    for await (const table of client.barBatches(hours)) return table.numRows
    return undefined
  },

  async readBatchesOfABrokenStream({ client }) {
    const read = async () => {
      for await (const _ of client.barBatches(hours));
    }
    return failureOf(read())
  },
} satisfies Record<string, (context: ScenarioContext) => Promise<unknown>>

export type ScenarioName = keyof typeof scenarios

/** Runs a scenario in this process, or in a page of a browser; what it resolves to went through JSON, or could. */
export type RunScenario = (name: ScenarioName, url: string) => Promise<unknown>

/** The time that the client of a scenario reads. */
export const scenarioNowMs = Date.UTC(2026, 10, 20, 1)

const hours = { interval: '1h', start: '2020-06-01', end: '2020-07-01' } as const

interface ScenarioContext {
  readonly url: string
  /** Never waits; half of each window is its jitter. */
  readonly client: Client
  /** The waits that the client was asked for, in milliseconds. */
  readonly slept: readonly number[]
}

/** Runs a scenario against the server at `url`. */
export const runScenario: RunScenario = (name, url) => {
  const slept: number[] = []
  const options: ClientOptions = {
    url,
    random: () => 0.5,
    now: () => scenarioNowMs,
    sleep: async (delayMs) => void slept.push(delayMs),
  }
  return scenarios[name]({ url, client: createClient(options), slept })
}

/** The error that a request ends with, as plain JSON. */
async function failureOf(request: PromiseLike<unknown>): Promise<object> {
  try {
    await request
  } catch (error) {
    if (!(error instanceof BarkeepError)) throw error
    const { name, code, status, message, errors, retry, cause } = error
    return { name, code, status, message, errors, retry, cause: cause instanceof Error ? cause.message : undefined }
  }
  throw new Error('The request did not fail.')
}
