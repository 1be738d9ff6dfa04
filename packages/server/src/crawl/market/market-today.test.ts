import { builtInExchanges } from '@barkeep/core'
import { beforeEach, expect, test } from 'vitest'
import { readSourceOrder } from '../../store/bars/source-order.js'
import type { NumberedInstrument } from '../../store/catalog.js'
import type { CrawlStatus } from '../crawls.js'
import type { BackfillRequest } from '../gaps/backfill.js'
import { dateAfter, type MarketDay } from '../gaps/gaps-calendar.js'
import type { LiveSourceState, LiveTelling } from '../live/live-sources.js'
import { MarketToday } from './market-today.js'

const date = '2026-03-11'
const at = (clock: string) => Date.parse(`${date}T${clock}:00+08:00`)
const names = ['TWSE:1101', 'TWSE:2330', 'TWSE:2603']
const instruments = [...names, 'TPEX:6488'].map((instrument, id): NumberedInstrument => {
  const [exchange = '', symbol = ''] = instrument.split(':')
  return { id, instrument, exchange, symbol, name: '', kind: 'stock', isin: null, listed: '2000-01-04', delisted: null }
})
const exchange = builtInExchanges.find(({ code }) => code === 'TWSE') ?? expect.fail()

let nowMs = 0
let state: MarketDay['state'] = 'expected'
let telling: LiveTelling[] = []
let held: string[] = []
let running: CrawlStatus['state'] = 'done'
/** Instruments and connectors of each crawl. */
let asked: { instruments: readonly string[]; connectors: readonly string[] }[] = []
let cancelled: number[] = []

beforeEach(() => {
  nowMs = at('08:30')
  state = 'expected'
  held = []
  telling = []
  running = 'done'
  asked = []
  cancelled = []
})

function open(): MarketToday {
  const offer = (connector: string, requests: number) => ({
    ...{ connector, canRun: true, plans: ['minutes'], unreached: 0 },
    estimates: [{ requests, isCut: false, bytes: 1, durationMs: 1, bindingLimit: null }],
  })
  const statusOf = async (id: number) =>
    ({ id, order: { connector: asked[id]?.connectors[0] ?? '', market: '' }, state: running }) as unknown as CrawlStatus // nothing else is read
  return new MarketToday({
    line: { exchange: 'TWSE', interval: '1m', since: '2026-01-05' },
    backfill: {
      offers: async () => ({ gaps: 0, offers: [offer('slow', 2), offer('quick', 2), offer('empty', 0)] }),
      run: async ({ underWay, connectors = [] }: BackfillRequest) => {
        asked.push({ instruments: underWay?.instruments ?? [], connectors })
        const crawl = {
          id: asked.length - 1,
          connector: connectors[0] ?? '',
          plan: 'minutes',
          interval: '1m',
          windows: 1,
        }
        const estimate = { requests: 1, isCut: false, bytes: 1, durationMs: 1, bindingLimit: null }
        return { gaps: 0, unreachable: 0, crawls: [{ ...crawl, interval: '1m', estimate }] }
      },
    },
    crawls: {
      status: statusOf,
      cancel: async (id) => {
        cancelled.push(id)
        running = 'cancelled'
        return statusOf(id)
      },
    },
    gaps: {
      calendar: async () => [{ date, state, toldBy: 'schedule', openMinute: 540, closeMinute: 810, intervals: [] }],
    },
    catalog: { exchange: () => exchange, instruments },
    order: readSourceOrder({ TWSE: ['quick', 'slow'] }),
    stateOf: (connector) => ({ blockedUntilMs: held.includes(connector) ? nowMs + 3_600_000 : null, stoppedBy: null }),
    telling: () => telling,
    isHeld: (connector) => held.includes(connector),
    now: () => nowMs,
    settings: { pollMs: 900_000, patienceMs: 600_000 },
  })
}

const live = (connector: string, liveState: LiveSourceState, ...some: string[]): LiveTelling => ({
  ...{ connector, topic: 'kmin', state: liveState },
  instruments: some,
})

/** Looks every minute from a time of the day until another; gives when something was asked. */
async function look(today: MarketToday, from: string, until: string): Promise<string[]> {
  const times: string[] = []
  for (nowMs = at(from); nowMs <= at(until); nowMs += 60_000) {
    const before = asked.length
    await today.tend()
    if (asked.length > before) times.push(new Date(nowMs + 8 * 3_600_000).toISOString().slice(11, 16))
  }
  return times
}

test('a session is asked for every so often, from one such while after its open to half an hour after its close', async () => {
  const today = open()
  const times = await look(today, '08:00', '15:00')
  expect([times[0], times[1], times.at(-1), times.length]).toEqual(['09:15', '09:30', '14:00', 20])
  expect(asked[0]).toEqual({ instruments: names, connectors: ['quick', 'slow'] })
  expect(today.status()).toBeNull()
})

test('what is told live is left out, for as long as it is told', async () => {
  telling = [live('streamer', 'listening', 'TWSE:2330', 'TPEX:6488'), live('other', 'listening', 'TPEX:6488')]
  const today = open()
  await look(today, '09:00', '09:20')
  expect(asked.at(-1)?.instruments).toEqual(['TWSE:1101', 'TWSE:2603'])
  telling = [live('streamer', 'waiting', 'TWSE:2330', 'TPEX:6488')]
  await look(today, '09:21', '09:31')
  expect(asked.at(-1)?.instruments).toEqual(names)
  expect(today.status()).toMatchObject({
    live: [{ connector: 'streamer', state: 'waiting', instruments: 1 }],
    ...{ untold: 3, source: 'quick', insteadOf: ['streamer'] },
  })
})

test('who is banned while it is asked is given up at once, and the next one is asked', async () => {
  const today = open()
  await look(today, '09:00', '09:15')
  running = 'running'
  expect(await look(today, '09:16', '09:45')).toEqual([])
  held = ['quick']
  expect(await look(today, '09:46', '09:46')).toEqual(['09:46'])
  expect([cancelled, asked.at(-1)?.connectors]).toEqual([[0], ['slow']])
  expect(today.status()).toMatchObject({ source: 'slow', insteadOf: ['quick'] })
})

test('who is banned at the last time is not waited for in the evening', async () => {
  const today = open()
  await look(today, '09:00', '14:00')
  running = 'running'
  held = ['quick', 'slow', 'empty']
  expect(await look(today, '14:01', '14:01')).toEqual([])
  expect([cancelled, today.status()?.source]).toEqual([[19], null])
})

test('a day without a session is not asked for', async () => {
  state = 'closed'
  expect(await look(open(), '09:00', '10:00')).toEqual([])
  expect(dateAfter(date)).toBe('2026-03-12')
})
