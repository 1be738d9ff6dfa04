import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeText } from '../http/answer.js'
import { recordedFolderOrSkip } from '../recorded/recorded-folder.js'
import { type Emulator, startEmulator } from '../start-emulator.js'

const folder = recordedFolderOrSkip()
let emulator: Emulator
beforeAll(async () => {
  const now = () => Date.parse('2024-08-12T20:00:00+08:00')
  emulator = await startEmulator({ now, stocks: 15, limits: { taifex: [] } })
})
afterAll(() => emulator.close())

async function report(path: 'futDataDown' | 'optDataDown', date: string): Promise<string[]> {
  const form = { down_type: '1', queryStartDate: date, queryEndDate: date, commodity_id: 'all' }
  const body = new URLSearchParams(form)
  const answer = await fetch(`${emulator.url('taifex')}/cht/3/${path}`, { method: 'POST', body })
  return decodeText(new Uint8Array(await answer.arrayBuffer()), 'big5').split('\r\n')
}

async function file(date: string): Promise<Buffer> {
  const path = `/file/taifex/Dailydownload/DailydownloadCSV/Daily_${date.replaceAll('-', '_')}.zip`
  return Buffer.from(await (await fetch(emulator.url('taifex') + path)).arrayBuffer())
}

/** The content of a zip of one file, by the lengths in its first header. */
function contentOf(zip: Buffer): string {
  const start = 30 + zip.readUInt16LE(26)
  return decodeText(inflateRawSync(zip.subarray(start, start + zip.readUInt32LE(18))), 'big5')
}

describe('the daily report', () => {
  it('has a row a contract and session, and a header alone where there is none', async () => {
    const lines = (await report('futDataDown', '2024/08/12')).filter((line) => line !== '')
    expect(lines).toHaveLength(1 + emulator.taifexTruth.futures('2024-08-12').length)
    expect(lines.filter((line) => line.includes('盤後')).length).toBeGreaterThan(5)
    expect(lines.slice(1).every((line) => line.endsWith(',') && line.split(',').length === 20)).toBe(true)
    expect((await report('optDataDown', '2024/08/11')).filter((line) => line !== '')).toHaveLength(1)
    expect((await report('futDataDown', '2024/08/13')).filter((line) => line !== '')).toHaveLength(1)
    expect((await report('futDataDown', 'soon'))[0]).toContain('DateTime error')
  })

  it.skipIf(folder === undefined)('has the header and the widths of the recorded one', async () => {
    const recorded = (name: string) =>
      decodeText(readFileSync(join(folder ?? '', 'node-twstock', name)), 'big5').split('\r\n')
    for (const [path, name] of [
      ['futDataDown', 'taifex-futures-historical-20240729.csv'],
      ['optDataDown', 'taifex-options-historical.csv'],
    ] as const) {
      const [ours, real] = [await report(path, '2024/08/12'), recorded(name)]
      expect(ours[0]).toBe(real[0])
      const shapes = (lines: readonly string[]) =>
        new Set(lines.slice(1).map((line) => [line.split(',').length, line.split(',')[2]?.length ?? 0].join(' ')))
      expect([...shapes(ours)].filter((shape) => !shapes(real).has(shape))).toEqual([])
    }
  })
})

it.skipIf(folder === undefined)('a recording answers exactly the form that it was the answer to', async () => {
  const recorded = await startEmulator({ stocks: 15, limits: { taifex: [] }, ...(folder && { recorded: folder }) })
  const ask = (date: string) => {
    const form = { down_type: '1', queryStartDate: date, queryEndDate: date, commodity_id: 'all' }
    return fetch(`${recorded.url('taifex')}/cht/3/futDataDown`, { method: 'POST', body: new URLSearchParams(form) })
  }
  const real = await ask('2024/07/29')
  expect(real.headers.get('x-emulator')).toBe('recorded')
  const bytes = readFileSync(join(folder ?? '', 'node-twstock', 'taifex-futures-historical-20240729.csv'))
  expect(Buffer.from(await real.arrayBuffer()).equals(bytes)).toBe(true)
  expect((await ask('2024/07/30')).headers.get('x-emulator')).toBe('generated')
  expect(recorded.recordedQuestions('taifex')).toHaveLength(5)
  await recorded.close()
})

describe('the file of matches', () => {
  it('has the night from Friday evening on and the day of a Monday, volume counted twice', async () => {
    const [header = '', ...lines] = contentOf(await file('2024-08-12'))
      .trimEnd()
      .split('\r\n')
    expect(header.split(',')).toHaveLength(9)
    expect(new Set(lines.map((line) => line.slice(0, 8)))).toEqual(new Set(['20240809', '20240810', '20240812']))
    const cells = lines.map((line) => line.split(','))
    expect(cells.every((line) => Number(line[5]) % 2 === 0)).toBe(true)
    const lots = cells.filter((line) => !line[2]?.includes('/')).reduce((sum, line) => sum + Number(line[5]) / 2, 0)
    const told = emulator.taifexTruth.minutes('2024-08-12').reduce((sum, minute) => sum + minute.lots, 0)
    expect(lots).toBe(told)
  })

  it('is there for 30 sessions, and is a page of HTML for any other date', async () => {
    const sessions = emulator.truth.calendar.sessions('2024-06-01', '2024-08-13')
    const isZip = async (date = '') => (await file(date)).subarray(0, 2).toString() === 'PK'
    expect(await isZip(sessions.at(-30))).toBe(true)
    expect(await isZip(sessions.at(-31))).toBe(false)
    expect(await isZip('2024-08-11')).toBe(false)
    expect(await isZip('2024-08-13')).toBe(false)
  })
})
