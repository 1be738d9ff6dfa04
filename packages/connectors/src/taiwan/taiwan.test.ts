import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { addDays } from '../date-steps.js'
import { parseCell } from './cells.js'
import { readDailyRows } from './daily-rows.js'
import { compactDate, parseTaiwanDate, rocYear, westernYear } from './dates.js'
import { kindOfCfi } from './instrument-kind.js'
import { taiwanExchange, todayInTaipei, trustAt } from './sessions.js'

describe('dates of Taiwan', () => {
  it.each([
    ['113/11/01', '2024-11-01'],
    ['93/02/11', '2004-02-11'],
    ['99/1/4', '2010-01-04'],
    ['1151007', '2026-10-07'],
    ['930211', '2004-02-11'],
    ['113年03月04日', '2024-03-04'],
    ['20241109', '2024-11-09'],
    ['2023/01/30', '2023-01-30'],
    ['2026-02-11', '2026-02-11'],
    ['114/05/02＊', '2025-05-02'],
    [' 113/11/01 ', '2024-11-01'],
  ])('%s is %s', (text, date) => {
    expect(parseTaiwanDate(text)).toBe(date)
  })

  it.each(['', '113/02/30', '1月1日', '113/13/01', '2024-11-09T00:00', '--'])("'%s' is none", (text) => {
    expect(parseTaiwanDate(text)).toBeUndefined()
  })

  it('are read back in every style in which they are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 36_000 }), (days) => {
        const date = addDays('1960-01-01', days)
        const [year = '', month, day] = date.split('-')
        const roc = rocYear(Number(year))
        const written = [
          compactDate(date),
          `${roc}/${month}/${day}`,
          `${roc}${month}${day}`,
          `${roc}年${month}月${day}日`,
        ]
        return written.every((text) => parseTaiwanDate(text) === date) && westernYear(roc) === Number(year)
      }),
    )
  })
})

describe('cells', () => {
  it.each([
    ['61,545,741', 61_545_741],
    ['1,030.00', 1_030],
    ['+15.00', 15],
    ['-0.23 ', -0.23],
    [' 0.00', 0],
    ['110', 110],
  ])("'%s' is a number", (text, value) => {
    expect(parseCell(text)).toBe(value)
  })

  it.each(['--', '---', ' ---', '--- ', '-', '', 'N/A'])("'%s' is nothing", (text) => {
    expect(parseCell(text)).toBeNull()
  })

  it.each(['1,23', 'X0.00', '除息', '0x10', '1e5', '1 000', '<p>+</p>', 'NaN'])("'%s' cannot be read", (text) => {
    expect(parseCell(text)).toBeUndefined()
  })
})

describe('a row of daily figures', () => {
  const row = {
    exchange: 'TPEX',
    symbol: '6789',
    date: '2024-03-06',
    open: '10.00',
    high: '10.50',
    low: '9.90',
    close: '10.10',
    volume: '1,000',
    turnover: '10,100',
    trades: '3',
  }
  const nothing = { open: '0.00', high: '0.00', low: '0.00', close: '0.00' }

  it.each([
    ['no code', { symbol: '' }, 'unreadable code'],
    ['a price that is no number', { open: 'X' }, 'unreadable price'],
    ['a volume that is no number', { volume: 'X' }, 'unreadable number'],
    ['no close', { close: '--' }, 'a price is missing'],
    ['no volume', { volume: '' }, 'the volume is missing'],
    ['zeros for prices and a volume', nothing, 'volume without a price'],
    ['one price of zero', { low: '0.00' }, 'a price is zero'],
    ['half a share', { volume: '0.5' }, 'volume is not a whole number'],
  ])('with %s is refused', (_, change, reason) => {
    const { bars, refused } = readDailyRows([{ ...row, ...change }], '2024-03-06')
    expect(bars).toEqual([])
    expect(refused).toMatchObject([{ row: expect.stringContaining('2024-03-06'), reason }])
  })

  it('with zeros alone is a day without trade', () => {
    const change = { ...nothing, volume: '0', trades: '0' }
    expect(readDailyRows([{ ...row, ...change }], '2024-03-06')).toEqual({ bars: [], refused: [] })
  })

  it('without turnover and trades has null for them', () => {
    const { bars } = readDailyRows([{ ...row, turnover: '', trades: '' }], '2024-03-06')
    expect(bars).toMatchObject([{ turnover: null, trades: null, ts: '2024-03-06T01:00:00Z' }])
  })
})

describe('the evening of a session', () => {
  it.each([
    ['2024-03-06T09:59:59Z', '2024-03-05', '2024-03-04'],
    ['2024-03-06T10:00:00Z', '2024-03-06', '2024-03-05'],
    ['2024-03-05T16:00:00Z', '2024-03-05', '2024-03-04'],
  ])('at %s is settled through %s and silent through %s', (now, settledThrough, silentThrough) => {
    expect(trustAt(Date.parse(now))).toEqual({ settledThrough, silentThrough })
  })

  it('has the date of Taipei', () => {
    expect(todayInTaipei(Date.parse('2024-03-05T16:00:00Z'))).toBe('2024-03-06')
    expect(() => taiwanExchange('NYSE')).toThrow('no exchange of Taiwan')
  })
})

it('kinds follow the CFI code', () => {
  expect(['ESVUFR', 'EPNRAR', 'CEOGEU', 'RWSCCA', 'CMXXXU', 'DAVXXB', ''].map(kindOfCfi)).toEqual([
    'stock',
    'stock',
    'etf',
    'warrant',
    'other',
    'bond',
    'other',
  ])
})

it('every character of MS950 survives as Node decodes Big5', () => {
  const decoder = new TextDecoder('big5')
  const differing: string[] = []
  let count = 0
  for (let high = 0x81; high <= 0xfe; high++) {
    for (let low = 0x40; low <= 0xfe; low++) {
      const bytes = Buffer.from([high, low])
      const character = iconv.decode(bytes, 'cp950')
      if (character.includes('\ufffd') || character.length !== 1) continue
      count++
      if (decoder.decode(bytes) !== character) differing.push(bytes.toString('hex'))
    }
  }
  expect(count).toBeGreaterThan(13_000)
  expect(differing).toEqual([])
})
