import { BarkeepError, builtInExchanges } from '@barkeep/core'
import { beforeEach, describe, expect, test } from 'vitest'
import type { CrawlOrder } from '../crawls.js'
import type { BackfillRequest } from '../gaps/backfill.js'
import { readSchedules, type ScheduleDefinition } from './schedule-definition.js'
import type { StoredSchedule } from './schedule-table.js'
import { Schedules } from './schedules.js'

const daily: ScheduleDefinition = {
  cron: '30 18 * * 1-5',
  exchange: 'TWSE',
  days: 1,
  crawl: { connector: 'twse', plan: 'market-days' },
}

let nowMs: number
let stored: Map<string, StoredSchedule>
let orders: Pick<CrawlOrder, 'plan' | 'start' | 'end'>[]
let backfills: BackfillRequest[]
/** Called before each write to the table; to throw is to crash. */
let onSave: (schedule: StoredSchedule) => void
let onOrder: () => void

beforeEach(() => {
  nowMs = Date.parse('2026-11-20T00:00:00Z')
  stored = new Map()
  orders = []
  backfills = []
  onSave = () => {}
  onOrder = () => {}
})

const estimate = { requests: 1, isCut: false, bytes: 1, durationMs: 0, bindingLimit: null }

function open(declared: ReadonlyMap<string, ScheduleDefinition> = new Map()): Promise<Schedules> {
  return Schedules.open({
    table: {
      load: async () => [...stored.values()],
      async save(schedule) {
        onSave(schedule)
        stored.set(schedule.name, schedule)
      },
      async remove(name) {
        stored.delete(name)
      },
    },
    crawls: {
      estimate: async () => estimate,
      async order({ plan, start, end }) {
        onOrder()
        orders.push({ plan, start, end })
        return { id: orders.length, estimate }
      },
    },
    backfill: {
      async run(request) {
        backfills.push(request)
        return { gaps: 0, crawls: [], unreachable: 0 }
      },
    },
    exchange(code) {
      const exchange = builtInExchanges.find((one) => one.code === code)
      if (exchange === undefined) throw new BarkeepError('UNKNOWN_EXCHANGE', { message: code })
      return exchange
    },
    clock: {
      now: () => nowMs,
      // Time passes as fast as it is waited for.
      async sleep(delayMs, signal) {
        signal?.throwIfAborted()
        nowMs += delayMs
        await Promise.resolve()
      },
    },
    declared,
  })
}

describe('a schedule', () => {
  test('runs on the clock of its exchange, once', async () => {
    const schedules = await open()
    await schedules.put('daily', daily)
    await schedules.runDue()
    nowMs = Date.parse('2026-11-20T10:29:59Z')
    await schedules.runDue()
    expect(orders).toEqual([])
    nowMs = Date.parse('2026-11-20T10:30:00Z')
    await schedules.runDue()
    await schedules.runDue()
    expect(orders).toEqual([{ plan: 'market-days', start: '2026-11-20', end: '2026-11-21' }])
    // Friday evening in Taipei; the next is on Monday.
    expect(schedules.list()).toMatchObject([
      { name: 'daily', state: 'done', crawls: [1], nextMs: Date.parse('2026-11-23T10:30:00Z') },
    ])
  })

  test('moves in UTC when the clocks of its exchange are set', async () => {
    nowMs = Date.parse('2026-03-06T12:00:00Z')
    const schedules = await open()
    await schedules.put('us', { ...daily, exchange: 'US', cron: '30 16 * * 1-5' })
    const next = () => new Date(schedules.list()[0]?.nextMs ?? 0).toISOString()
    expect(next()).toBe('2026-03-06T21:30:00.000Z')
    nowMs = Date.parse('2026-03-06T21:30:00Z')
    await schedules.runDue()
    expect(next()).toBe('2026-03-09T20:30:00.000Z')
  })

  test('that was missed for days makes up for them with one run over all of them', async () => {
    await (await open()).put('daily', { ...daily, days: 2 })
    nowMs = Date.parse('2026-11-26T23:00:00Z')
    const schedules = await open()
    await schedules.runDue()
    await schedules.runDue()
    expect(orders).toEqual([{ plan: 'market-days', start: '2026-11-19', end: '2026-11-27' }])
  })

  test('is run again when the process died before its crawls were written down, with what was missed before', async () => {
    await (await open()).put('daily', daily)
    nowMs = Date.parse('2026-11-23T11:00:00Z')
    onSave = ({ state }) => {
      if (state === 'done') throw new BarkeepError('STORE_UNAVAILABLE', { message: 'The process died.' })
    }
    await expect((await open()).runDue()).rejects.toThrow('died')
    onSave = () => {}
    const schedules = await open()
    await schedules.runDue()
    await schedules.runDue()
    const run = { plan: 'market-days', start: '2026-11-20', end: '2026-11-24' }
    expect(orders).toEqual([run, run])
  })

  test('that fails says why, and its next run comes all the same', async () => {
    const schedules = await open()
    await schedules.put('daily', daily)
    nowMs = Date.parse('2026-11-20T10:30:00Z')
    onOrder = () => {
      throw new BarkeepError('CREDENTIAL_MISSING', { message: 'no token' })
    }
    await schedules.runDue()
    expect(schedules.list()).toMatchObject([{ state: 'failed', error: 'CREDENTIAL_MISSING: no token' }])
    onOrder = () => {}
    nowMs = Date.parse('2026-11-23T10:30:00Z')
    await schedules.runDue()
    expect(orders).toHaveLength(1)
  })

  test('of a weekly re-check asks for the gaps of its dates', async () => {
    const schedules = await open()
    const backfill = { interval: '1d' as const, reasons: ['upstream-hole' as const, 'no-trade' as const] }
    await schedules.put('weekly', { cron: '0 6 * * 0', exchange: 'TWSE', days: 30, backfill })
    nowMs = Date.parse('2026-11-22T00:00:00Z')
    await schedules.runDue()
    expect(backfills).toEqual([{ ...backfill, exchange: 'TWSE', start: '2026-10-24', end: '2026-11-23' }])
  })

  test('goes on by itself until it is closed', async () => {
    const schedules = await open()
    await schedules.put('daily', daily)
    const enough = new Promise<void>((resolve) => {
      onOrder = () => {
        if (orders.length === 2) resolve()
      }
    })
    schedules.start()
    await enough
    await schedules.close()
    expect(orders.slice(0, 3).map(({ start }) => start)).toEqual(['2026-11-20', '2026-11-23', '2026-11-24'])
  })

  test.each([
    ['a cron that cannot be read', { ...daily, cron: 'tomorrow' }, 'INVALID_BODY', 'cron'],
    ['seconds', { ...daily, cron: '0 30 18 * * 1-5' }, 'INVALID_BODY', 'cron'],
    ['a date that never comes', { ...daily, cron: '0 0 30 2 *' }, 'INVALID_BODY', 'cron'],
    ['nothing to do', { cron: daily.cron, exchange: 'TWSE', days: 1 }, 'INVALID_BODY', 'backfill'],
    ['two things to do', { ...daily, backfill: {} }, 'INVALID_BODY', 'one of'],
    ['an exchange that nobody knows', { ...daily, exchange: 'TSWE' }, 'UNKNOWN_EXCHANGE', 'TSWE'],
  ])('is refused with %s', async (_, definition, code, hint) => {
    await expect((await open()).put('daily', definition)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(hint),
    })
  })
})

describe('a schedule of the configuration', () => {
  test('is there at the start, keeps its place over restarts, and goes when it is no longer declared', async () => {
    const declared = new Map([['daily', daily]])
    await (await open(declared)).put('other', daily)
    const made = stored.get('daily')?.slotMs
    nowMs += 1_000
    const schedules = await open(declared)
    expect(stored.get('daily')?.slotMs).toBe(made)
    await expect(schedules.put('daily', daily)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(schedules.remove('daily')).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(schedules.remove('dayly')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await open()).list().map(({ name }) => name)).toEqual(['other'])
  })

  test.each([
    ['a list', [daily]],
    ['another shape', { daily: { ...daily, day: 1 } }],
    ['a name with blanks', { 'every day': daily }],
    ['a cron that cannot be read', { daily: { ...daily, cron: '61 * * * *' } }],
  ])('is refused as %s', (_, declared) => {
    expect(() => readSchedules(declared)).toThrow(/schedules in barkeep.config.json/)
  })
})
