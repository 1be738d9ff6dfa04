import type { LiveBar } from '@barkeep/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TradingDay } from './trading-day-rig.js'

/** 2303 is halted on it, and the closing auction of some sleepy stocks finds no match. */
const date = '2026-03-11'
/** Who tells which instruments live; the rest of both markets nobody does. */
const ofTwse = (symbols: readonly string[]) => symbols.map((symbol) => `TWSE:${symbol}`)
const ofTpex = (symbols: readonly string[]) => symbols.map((symbol) => `TPEX:${symbol}`)
const byFugle = [
  ...ofTwse(['2330', '2317', '2454', '0050', '1103', '2303']),
  ...ofTpex(['5483', '6488', '006201', '1258']),
]
const byShioaji = [
  ...ofTwse(['1101', '2344', '2409', '2603', '2881A', '8444']),
  ...ofTpex(['8069', '3293', '1240', '4419']),
]
const live = [...byFugle, ...byShioaji]

const config = {
  markets: [{ exchanges: ['TWSE', 'TPEX'], intervals: ['1d', '1m'], since: date }],
  sources: {
    TWSE: { '1d': ['twse', 'yahoo', 'derived:1m'], '1m': ['fugle', 'yahoo', 'shioaji'] },
    TPEX: { '1d': ['tpex', 'yahoo', 'derived:1m'], '1m': ['fugle', 'yahoo', 'shioaji'] },
  },
  'markets.pollMs': 1_800_000,
  connectors: {
    fugle: { 'credentials.api_key': 'good', live: { instruments: byFugle } },
    shioaji: { live: { instruments: byShioaji } },
  },
}

let day: TradingDay
beforeAll(async () => {
  day = await TradingDay.open({ date, start: '08:45', config })
})
afterAll(() => day.close())

/** All instruments that an exchange lists today. */
const isListed = ({ kind, listed, delisted }: { kind: string; listed: string; delisted: string | null }) =>
  kind !== 'warrant' && listed <= date && (delisted === null || delisted > date)
const twse = () => ofTwse(day.emulator.truth.listings().flatMap((one) => (isListed(one) ? [one.symbol] : [])))
const tpex = () => ofTpex(day.emulator.tpexTruth.listings().flatMap((one) => (isListed(one) ? [one.symbol] : [])))
const all = () => [...twse(), ...tpex()]
const unlike = (some: readonly string[]) => all().filter((instrument) => !some.includes(instrument))

const today = async (exchange: string) => (await day.market(`${exchange} 1m`)).today
const sources = (kept: Awaited<ReturnType<TradingDay['kept']>>) =>
  [...new Set([...kept.values()].map(({ source }) => source))].sort()
const numbers = (kept: Awaited<ReturnType<TradingDay['kept']>>) =>
  new Map([...kept].map(([key, bar]) => [key, bar.numbers]))
const sorted = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

test('08:45 the server lists both markets, and waits for what is live', async () => {
  await day.waitFor(async () => (await day.get('/v1/instruments?limit=1000')).length >= all().length)
  const known = (await day.get('/v1/instruments?limit=1000')).map(({ instrument }: LiveBar) => instrument)
  expect(known.sort()).toEqual(all().sort())
  expect([twse().length > 30, tpex().length > 30]).toEqual([true, true])
  await day.waitFor(() => day.emulator.listened('fugle') === byFugle.length)
  await day.waitFor(() => day.emulator.listened('shioaji') === byShioaji.length)
})

test('09:00 minutes build up, and are final when they are over', async () => {
  const seen: boolean[] = []
  const stop = new AbortController()
  const watching = (async () => {
    const stream = day.client.stream('kmin', ['TWSE:2330'], { final: false, signal: stop.signal })
    for await (const message of stream) {
      if (message.kind !== 'done') seen.push(...message.bars.map(({ final }) => final))
    }
  })().catch(() => undefined)
  await day.until('09:05')
  const due = day.minutes(live, '09:00', '09:05')
  await day.waitFor(() => day.heard('kmin', live, '09:00', '09:05').size === due.size)
  stop.abort()
  await watching
  expect(sorted(day.heard('kmin', live, '09:00', '09:05'))).toEqual(sorted(due))
  expect(new Set(seen)).toEqual(new Set([false, true]))
})

test('09:30 what nobody tells live is asked for, of the first source that has it', async () => {
  await day.until('10:05')
  const polled = unlike([...live, 'TWSE:00625K'])
  const due = day.minutes(polled, '09:00', '10:00')
  await day.waitFor(() => day.heard('kmin', polled, '09:00', '10:00').size === due.size)
  expect(sorted(day.heard('kmin', polled, '09:00', '10:00'))).toEqual(sorted(due))
  for (const [exchange, listed] of [['TWSE', twse()] as const, ['TPEX', tpex()] as const]) {
    const untold = listed.filter((instrument) => !live.includes(instrument)).length
    expect(await today(exchange)).toMatchObject({ date, untold, source: 'fugle', insteadOf: [] })
    expect((await today(exchange))?.live.map(({ state }) => state)).toEqual(['listening', 'listening'])
  }
})

test('12:00 Fugle bans us: Yahoo is asked in its place, 20 minutes late, and the status says so', async () => {
  await day.until('12:00')
  day.emulator.faults.set('fugle', { kind: 'captcha' })
  day.emulator.drop('fugle')
  await day.until('12:31')
  for (const exchange of ['TWSE', 'TPEX']) {
    await day.waitFor(async () => (await today(exchange))?.source === 'yahoo')
    expect(await today(exchange)).toMatchObject({ source: 'yahoo', insteadOf: ['fugle'] })
    expect((await today(exchange))?.live).toMatchObject([
      { connector: 'fugle', state: 'waiting' },
      { connector: 'shioaji', state: 'listening' },
    ])
  }
  const fugle = (await day.get('/v1/connectors')).find(({ id }: { id: string }) => id === 'fugle')
  expect(fugle.status.blockedUntilMs).toBeGreaterThan(day.clock.now())
  expect(fugle.live).toMatchObject([{ state: 'waiting', lastError: expect.stringContaining('UPSTREAM_BANNED') }])
})

test('13:30 the close: who listens has the day of every instrument, and the minutes that were told live', async () => {
  await day.until('13:32')
  const whole = [...day.minutes(byShioaji), ...day.minutes(byFugle, '09:00', '11:59')]
  await day.waitFor(() => {
    const heard = day.heard('kmin', live)
    return whole.every(([key]) => heard.has(key))
  })
  expect(sorted(day.heard('kmin', byShioaji))).toEqual(sorted(day.minutes(byShioaji)))
  expect(sorted(day.heard('kmin', byFugle, '09:00', '11:59'))).toEqual(sorted(day.minutes(byFugle, '09:00', '11:59')))
  // Some did not trade in their last minute, and one not at all.
  const last = day.minutes(all(), '13:29')
  const quiet = all().filter((instrument) => !last.has(`${instrument} 13:29`))
  expect(quiet).toContain('TWSE:2303')
  expect(day.minutes(quiet).size).toBeGreaterThan(0)
  // Every start of the day is called done once.
  for (const [topic, starts] of [['kmin', 270] as const, ['khour', 5] as const, ['kday', 1] as const]) {
    const { done } = day.ears[topic]
    await day.waitFor(() => ['TWSE', 'TPEX'].every((exchange) => done.get(exchange)?.length === starts))
  }
  expect(sorted(day.heard('kday', byShioaji)).map(([key]) => key)).toEqual(
    sorted(day.days(byShioaji)).map(([key]) => key),
  )
})

test('14:00 the session is asked for once more, for what is told late, and then no longer', async () => {
  await day.until('14:31')
  for (const exchange of ['TWSE', 'TPEX']) await day.waitFor(async () => (await today(exchange)) === null)
  // The afternoon of those that Fugle told: kept, but not final yet, since Yahoo is settled a day later.
  const told = numbers(await day.kept('1m', { source: 'yahoo', final: false }))
  const afternoon = [...day.minutes(byFugle, '12:01', '13:25')]
  expect(afternoon.filter(([key, minute]) => JSON.stringify(told.get(key)) !== JSON.stringify(minute))).toEqual([])
  expect(afternoon.length).toBeGreaterThan(500)
})

test('15:00 TWSE and TPEx publish, and nobody asks before a day is settled', async () => {
  await day.until('15:30')
  const asked = [...day.emulator.arrivals('twse'), ...day.emulator.arrivals('tpex')]
  expect(asked.filter(({ path }) => path.includes('afterTrading'))).toEqual([])
  expect(sources(await day.kept('1d'))).toEqual(['derived:1m'])
})

test('17:00 Fugle lets us in again', async () => {
  await day.until('17:00')
  day.emulator.faults.clear('fugle')
  await day.until('18:30')
  await day.waitFor(() => day.emulator.listened('fugle') === byFugle.length)
})

test('19:30 the exchanges are asked for the day, and the best source for all minutes', async () => {
  await day.until('19:30')
  await day.waitFor(async () => {
    const lines = await day.client.markets().toArray()
    return lines.every(({ state, lookedAt }) => state === 'fresh' && Date.parse(lookedAt ?? '') >= day.at('19:30'))
  })
  const { minutes, days } = { minutes: await day.kept('1m'), days: await day.kept('1d') }
  expect([sources(minutes), sources(days)]).toEqual([['fugle'], ['tpex', 'twse']])
  expect(sorted(numbers(minutes))).toEqual(sorted(day.minutes(all())))
  expect(sorted(numbers(days))).toEqual(sorted(day.days(all())))
  // Nothing is left that may still change.
  expect((await day.kept('1m', { final: false })).size).toBe(minutes.size)
})

test('in the evening whoever listened has heard the same, each bar once or as a correction', async () => {
  const due = { kmin: day.minutes(all()), khour: day.hours(all()), kday: day.days(all()) }
  for (const topic of ['kmin', 'khour', 'kday'] as const) {
    const wanted = JSON.stringify(sorted(due[topic]))
    await day.waitFor(() => JSON.stringify(sorted(day.heard(topic, all()))) === wanted).catch(() => undefined)
    expect(sorted(day.heard(topic, all()))).toEqual(sorted(due[topic]))
    expect(day.ears[topic].faults).toEqual([])
  }
  expect(sorted(numbers(await day.kept('1h')))).toEqual(sorted(due.khour))
  // The exchange's own day takes the place of the one that was made of minutes.
  expect(new Set(day.ears.kday.corrections.map(({ source }) => source))).toContain('twse')
})

test('nothing is missing, and it is known who brought what', async () => {
  expect(await day.get('/v1/gaps?limit=1000')).toEqual([])
  const rows: { scope: string; of: string; connector: string }[] = await day.get('/v1/coverage?limit=1000')
  const who = (of: string) => [...new Set(rows.filter((row) => row.of === of).map((row) => row.connector))].sort()
  expect([who('1d'), who('1m'), who('instruments')]).toEqual([['tpex', 'twse'], ['fugle'], ['tpex', 'twse']])
  // Each source's part of the day, kept or not.
  const parts = await day.client.barSources({ interval: '1m', exchange: 'TWSE', start: date }).toArray()
  expect(parts.map(({ source, kept, outranked }) => [source, kept > 0, outranked > 0])).toEqual([
    ['fugle', true, false],
    ['shioaji', false, true],
    ['yahoo', false, true],
  ])
  const days = await day.client.barSources({ interval: '1d', exchange: 'TPEX', start: date }).toArray()
  expect(days.map(({ source, kept }) => [source, kept > 0])).toEqual([
    ['derived:1m', false],
    ['tpex', true],
    ['yahoo', false],
  ])
  // What was not kept lies beside.
  expect(sorted(numbers(await day.kept('1m', { source: 'shioaji' })))).toEqual(sorted(day.minutes(byShioaji)))
  expect((await day.kept('1m', { source: 'yahoo', final: false })).size).toBeGreaterThan(0)
  expect((await day.kept('1d', { source: 'derived:1m' })).size).toBe(day.days(all()).size)
})
