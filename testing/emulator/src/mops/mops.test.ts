import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { recordedFolderOrSkip } from '../recorded/recorded-folder.js'
import { type Emulator, startEmulator } from '../start-emulator.js'
import { monthAfter } from './mops-truth.js'

const folder = recordedFolderOrSkip()
let nowMs = Date.parse('2026-11-20T16:00:00+08:00')
let emulator: Emulator

beforeAll(async () => {
  emulator = await startEmulator({ now: () => nowMs, stocks: 20, limits: { twse: [] } })
})
afterAll(() => emulator.close())

const textOf = (body: Uint8Array) => iconv.decode(Buffer.from(body), 'cp950')
async function page(name: string): Promise<string> {
  const answer = await fetch(`${emulator.url('mops')}/nas/t21/${name}.html`)
  return textOf(new Uint8Array(await answer.arrayBuffer()))
}
/** Texts of the cells of rows of companies. */
const companiesOf = (html: string) =>
  [...html.matchAll(/<tr align=right><td align=center>(.*?)<\/tr>/g)].map(([, row = '']) =>
    row
      .replaceAll(/<[^>]*>/g, '|')
      .split(/\|+/)
      .map((cell) => cell.trim()),
  )

it('a page tells the revenue of domestic or of foreign companies as the truth has it', async () => {
  for (const [name, isForeign] of [
    ['sii/t21sc03_113_3_0', false],
    ['sii/t21sc03_113_3_1', true],
  ] as const) {
    const companies = emulator.mopsTruth.companies('TWSE', '2024-03').filter((one) => one.isForeign === isForeign)
    const rows = companiesOf(await page(name))
    expect(rows.length).toBeGreaterThan(0)
    const expected = companies.map(({ symbol }) => [
      symbol,
      emulator.mopsTruth.revenue(symbol, '2024-03').toLocaleString('en'),
    ])
    expect(rows.map(([symbol, , revenue]) => [symbol, revenue]).sort()).toEqual(expected.sort())
  }
})

it('companies report in the first ten days of the next month', async () => {
  const at = async (text: string) => {
    nowMs = Date.parse(text)
    return companiesOf(await page('otc/t21sc03_115_10_0')).length
  }
  expect(await at('2026-10-31T23:00:00+08:00')).toBe(0)
  expect(await page('otc/t21sc03_115_10_0')).toContain('<h3 align=center>查無資料</h3>')
  const some = await at('2026-11-05T12:00:00+08:00')
  const all = await at('2026-11-10T12:00:00+08:00')
  expect(some).toBeGreaterThan(0)
  expect(all).toBeGreaterThan(some)
  nowMs = Date.parse('2026-11-20T16:00:00+08:00')
})

it('months are counted over years', () => {
  expect([monthAfter('2024-01', -1), monthAfter('2024-12', 1), monthAfter('2024-02', -12)]).toEqual([
    '2023-12',
    '2025-01',
    '2023-02',
  ])
})

it.skipIf(folder === undefined)('a page is made of the same tags as the recorded one', async () => {
  const real = textOf(readFileSync(join(folder ?? '', 'node-twstock/mops-twse-stocks-revenue.html')))
  const ours = await page('sii/t21sc03_112_1_0')
  /** The tags of a piece of the page, as they are written. */
  const between = (html: string, from: string, to: string) => {
    const piece = html.slice(html.indexOf(from), html.indexOf(to, html.indexOf(from)))
    return (piece.match(/<[^!>]*>/g) ?? []).map((tag) => tag.toLowerCase().replaceAll(/\s+/g, ' ').replace(' >', '>'))
  }
  expect(between(ours, '產業別', '<tr align=right>')).toEqual(between(real, '產業別', '<tr align=right>'))
  // A note stands on the left, the absence of one in the middle.
  const row = (html: string) =>
    between(html, '<tr align=right><td align=center>1101<', '</tr>').map((tag) => tag.replace(/align=\w+/, 'align'))
  expect(row(ours)).toEqual(row(real))
  expect(ours.slice(-'</html>'.length)).toBe(real.slice(-'</html>'.length))
})

it.skipIf(folder === undefined)('recorded pages are served as bytes for the questions that they answer', async () => {
  const playing = await startEmulator({ now: () => nowMs, stocks: 20, limits: { twse: [] }, recorded: folder ?? '' })
  expect(playing.recordedQuestions('mops')).toHaveLength(2)
  const answer = await fetch(`${playing.url('mops')}/nas/t21/sii/t21sc03_112_1_0.html`)
  expect(answer.headers.get('content-type')).toBe('text/html;charset=MS950')
  const body = new Uint8Array(await answer.arrayBuffer())
  expect(body.byteLength).toBe(419_458)
  expect(textOf(body)).toContain('200,050,544')
  await playing.close()
})
