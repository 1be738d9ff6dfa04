import { readFileSync } from 'node:fs'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { minuteBars } from './minute-bars.js'
import { parseTicks } from './parse-ticks.js'
import { readZip } from './read-zip.js'

const matches = fixture(import.meta.url, 'matches.csv')
const zipped = readFileSync(new URL('./fixtures/matches.zip', import.meta.url))
const longAfter = '2024-03-20T00:00:00Z'

async function run(body: Uint8Array | string, now = longAfter) {
  const context = fakeContext({ now, answers: [{ body }] })
  const task = { connector: 'taifex', handler: 'minuteBars', params: { date: '2024-03-04' } }
  return { ...(await minuteBars(task, context)), asked: context.asked }
}

describe('minutes made of matches', () => {
  it('are those of the day and of the night that belongs to it, from Friday evening on for a Monday', async () => {
    const { data, asked } = await run(zipped)
    expect(asked[0]?.url).toBe(
      'https://www.taifex.com.tw/file/taifex/Dailydownload/DailydownloadCSV/Daily_2024_03_04.zip',
    )
    const bars = 'bars' in data ? (data.bars?.[0]?.bars ?? []) : []
    const told = bars.map(({ instrument, ts, open, high, low, close, volume }) => [
      instrument,
      ts,
      ...[open, high, low, close, volume],
    ])
    expect(told).toEqual([
      ['TAIFEX:AAF202403', '2024-03-01T07:00:00Z', 19000, 19010, 19000, 19010, 3],
      ['TAIFEX:AAF202403', '2024-03-01T16:00:00Z', 19005, 19005, 19005, 19005, 1],
      // The print at five in the morning belongs to the last minute of the night.
      ['TAIFEX:AAF202403', '2024-03-01T20:59:00Z', 18990, 18990, 18980, 18980, 4],
      // Two matches of one second keep their order.
      ['TAIFEX:AAF202403', '2024-03-04T00:45:00Z', 19020, 19030, 19015, 19015, 12],
      ['TAIFEX:AAF202403', '2024-03-04T05:44:00Z', 19040, 19050, 19040, 19050, 5],
      // Some contracts go on after the indices have closed; an hour may be written with one digit.
      ['TAIFEX:BBF202403', '2024-03-04T08:14:00Z', 32, 32, 32, 32, 1],
      ['TAIFEX:BBF202403', '2024-03-04T01:30:00Z', 31, 31, 31, 31, 1],
    ])
    expect(data).toMatchObject({
      instruments: [{ instrument: 'TAIFEX:AAF202403', kind: 'future' }, { instrument: 'TAIFEX:BBF202403' }, {}],
      covers: [{ scope: 'TAIFEX', of: '1m', start: '2024-03-04', end: '2024-03-05' }],
    })
  })

  it('refuse a line that cannot be read or lies outside, and a volume that cannot be halved', async () => {
    const { data } = await run(zipped)
    const refused = 'refused' in data ? (data.refused ?? []) : []
    expect(refused.map(({ reason }) => reason)).toEqual([
      'unreadable contract',
      'unreadable time',
      'outside the sessions of 2024-03-04',
      'unreadable number',
      'what is bought and sold is no even number',
      // An evening before the last one.
      'outside the sessions of 2024-03-04',
    ])
    // A day that lacks a match is not spoken for.
    expect(refused.map(({ bar }) => bar?.instrument)).toEqual([
      undefined,
      'TAIFEX:AAF202403',
      undefined,
      'TAIFEX:AAF202403',
      'TAIFEX:CCF202403',
      undefined,
    ])
  })

  it('do not depend on the order of lines with different times, nor on the place of a column', async () => {
    const [header = '', ...lines] = matches.split('\r\n').filter((line) => line !== '')
    const sorted = await parseTicks(matches, '2024-03-04')
    const byTime = (one: { instrument: string; ts: string }) => `${one.instrument} ${one.ts}`
    const inOrder = (bars: readonly { instrument: string; ts: string }[]) =>
      bars.toSorted((a, b) => (byTime(a) < byTime(b) ? -1 : 1))
    // The two matches at 08:45:00 change places, and with them the open.
    const backwards = await parseTicks([header, ...lines.toReversed()].join('\r\n'), '2024-03-04')
    const expected = sorted.bars.map((bar) => (bar.ts === '2024-03-04T00:45:00Z' ? { ...bar, open: 19030 } : bar))
    expect(inOrder(backwards.bars)).toEqual(inOrder(expected))
    const moved = [header, ...lines].map((line) => {
      const cells = line.split(',')
      return [...cells.slice(0, 1), ...cells.slice(-1), ...cells.slice(1, -1)].join(',')
    })
    expect((await parseTicks(moved.join('\n'), '2024-03-04')).bars).toEqual(sorted.bars)
  })

  it('are not final in the afternoon, and cover nothing then', async () => {
    const { data } = await run(zipped, '2024-03-04T08:00:00Z')
    const bars = 'bars' in data ? (data.bars?.[0]?.bars ?? []) : []
    expect([bars.length, bars.filter(({ final }) => final === false).length, data.covers]).toEqual([7, 7, []])
  })

  it('of a date without a file are an absence that covers nothing', async () => {
    const { data } = await run('<html>查無檔案</html>')
    expect(data).toEqual({ absence: 'no-data', covers: [] })
  })

  it.each([
    ['a page of maintenance', '<html>系統維護中，請稍後再試</html>'],
    ['nothing', ''],
    ['a zip that breaks off', zipped.subarray(0, 200)],
    ['a zip with a wrong byte', Buffer.concat([zipped.subarray(0, 100), Buffer.from([1]), zipped.subarray(101)])],
  ])('are asked for again when %s comes', async (_, body) => {
    await expect(run(body)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
  })

  it.each([
    ['without a column', matches.replace('成交價格', '價格'), "the column '成交價格' is missing"],
    ['with a line that is cut', `${matches}20240304,AAF`, 'a line has 2 cells'],
    [
      'of another date',
      matches.split('\r\n')[0] + '\r\n20230101,AAF,202403,100000,1,2,-,-,'.repeat(1_001),
      'more than 1000 lines',
    ],
  ])('%s are not kept', async (_, text, message) => {
    await expect(parseTicks(text, '2024-03-04')).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
      message: expect.stringContaining(message),
    })
  })
})

describe('a zip', () => {
  it('is unpacked, packed or stored', async () => {
    expect(iconv.decode(Buffer.from(await readZip(zipped, 10_000)), 'cp950')).toBe(matches)
    const stored = readFileSync(new URL('./fixtures/stored.zip', import.meta.url))
    expect(new TextDecoder().decode(await readZip(stored, 5))).toBe('hello')
  })

  it('with more than it may hold is refused before it is unpacked, whatever its directory says', async () => {
    await expect(readZip(zipped, 100)).rejects.toMatchObject({ code: 'UPSTREAM_CHANGED' })
    const lying = Buffer.from(zipped)
    const entry = lying.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    lying.writeUInt32LE(50, entry + 24)
    await expect(readZip(lying, 100)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
  })
})
