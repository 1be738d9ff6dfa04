import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { recordedFolderOrSkip } from '../recorded/recorded-folder.js'
import { createTaiwanCalendar } from './calendar.js'

const calendar = createTaiwanCalendar(1)
const folder = recordedFolderOrSkip()

describe('the calendar of Taiwan', () => {
  it('closes on a typhoon day although no schedule lists it', () => {
    expect(calendar.closure('2024-10-31')).toBe('typhoon')
    expect(calendar.sessions('2024-10-30', '2024-11-02')).toEqual(['2024-10-30', '2024-11-01'])
    expect(calendar.holidays(2024).map(({ date }) => date)).not.toContain('2024-10-31')
  })

  it('only settles on the two days before the holidays of the lunar year', () => {
    const settlement = calendar.holidays(2026).filter(({ settlementOnly }) => settlementOnly)
    expect(settlement.map(({ date }) => date)).toEqual(['2026-02-12', '2026-02-13'])
    expect(calendar.closure('2026-02-12')).toBe('holiday')
  })

  it('trades on a Saturday that made up for a bridge day', () => {
    expect(calendar.closure('2016-06-04')).toBeUndefined()
    expect(calendar.closure('2016-06-10')).toBe('holiday')
  })

  it('gives a year to come a typhoon of its own seed', () => {
    const typhoonsOf = (seed: number) => {
      const other = createTaiwanCalendar(seed)
      const days = Array.from({ length: 92 }, (_, day) =>
        new Date(Date.UTC(2030, 7, 1 + day)).toISOString().slice(0, 10),
      )
      return days.filter((date) => other.closure(date) === 'typhoon')
    }
    expect(typhoonsOf(1)).toHaveLength(1)
    expect(new Set([1, 2, 3, 4, 5].flatMap(typhoonsOf)).size).toBeGreaterThan(1)
  })

  it.skipIf(folder === undefined)('has the sessions that real stocks traded on from 2004 to 2020', () => {
    const text = readFileSync(`${folder}/../twse-tpex-daily/2330.csv`, 'utf8')
    const traded = [...text.matchAll(/^(\d+)\/(\d+)\/(\d+)/gm)].map(
      ([, year = '', month = '', day = '']) =>
        `${Number(year) + 1911}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`,
    )
    const real = new Set(traded)
    const ours = new Set(calendar.sessions('2004-02-11', '2021-01-01'))
    expect(real.size).toBeGreaterThan(4_000)
    // Those files have a hole on 2010-03-18, and one row on a Sunday.
    expect([...ours].filter((date) => !real.has(date))).toEqual(['2010-03-18'])
    expect([...real].filter((date) => !ours.has(date))).toEqual(['2018-12-23'])
  })
})
