import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRevenue } from './parse-revenue.js'

// From the root of the repository, where vitest runs.
const folder = '../shared/data/recorded/node-twstock'
const missing = !existsSync(folder)
if (missing && process.env.CI === 'true') throw new Error(`${folder} is missing, and in CI it must be there.`)
if (missing) console.warn(`LEFT OUT: ${folder} is missing, so the parser of mops was not tried on real pages.`)

const page = (name: string): string => new TextDecoder('big5').decode(readFileSync(`${folder}/${name}`))

/** Pages of MOPS that this connector does not ask for, and why. */
const outOfScope: Readonly<Record<string, string>> = {
  'mops-twse-stocks-eps': 'earnings of a quarter are on another page, which is not in the scope of this connector',
  'mops-tpex-stocks-eps': 'earnings of a quarter are on another page, which is not in the scope of this connector',
}

const inScope = [
  'mops-twse-stocks-revenue.html',
  'mops-twse-stocks-revenue-no-data.html',
  'mops-tpex-stocks-revenue.html',
  'mops-tpex-stocks-revenue-no-data.html',
]

const january = { month: '2023-01', isForeign: false } as const

async function revenueOf(exchange: 'TWSE' | 'TPEX') {
  const told = await parseRevenue(page(`mops-${exchange.toLowerCase()}-stocks-revenue.html`), { exchange, ...january })
  if (typeof told === 'string') throw new Error(told)
  expect(told.refused).toEqual([])
  return told.rows
}

describe.skipIf(missing)('recorded pages of MOPS', () => {
  it('are each read below, or out of scope for a reason', () => {
    const ours = readdirSync(folder).filter((name) => name.startsWith('mops-'))
    const left = ours.filter(
      (name) => !inScope.includes(name) && !Object.keys(outOfScope).some((beginning) => name.startsWith(beginning)),
    )
    expect(ours.length).toBeGreaterThan(inScope.length)
    expect(left).toEqual([])
  })

  it('have the revenue of 916 listed companies in January 2023, which add up to the sum that the page tells', async () => {
    const rows = await revenueOf('TWSE')
    expect(rows).toHaveLength(916)
    expect(new Set(rows.map(({ industry }) => industry)).size).toBe(32)
    expect(rows.reduce((sum, { revenue_thousands: revenue }) => sum + revenue, 0)).toBe(2_953_677_879)
    expect(rows.reduce((sum, { year_before_thousands: before }) => sum + (before ?? 0), 0)).toBe(3_276_766_223)
    expect(rows.find(({ instrument }) => instrument === 'TWSE:2330')).toEqual({
      month: '2023-01-01',
      instrument: 'TWSE:2330',
      name: '台積電',
      industry: '半導體業',
      is_foreign: false,
      revenue_thousands: 200_050_544,
      month_before_thousands: 192_560_242,
      year_before_thousands: 172_176_110,
      change_on_month_percent: 3.88,
      change_on_year_percent: 16.18,
      year_to_date_thousands: 200_050_544,
      year_before_to_date_thousands: 172_176_110,
      change_to_date_percent: 16.18,
      note: '無。',
    })
  })

  it('have the revenue of 786 companies of TPEx, with nothing where there is nothing to compare with', async () => {
    const rows = await revenueOf('TPEX')
    expect(rows).toHaveLength(786)
    expect(rows.reduce((sum, { revenue_thousands: revenue }) => sum + revenue, 0)).toBe(182_875_784)
    expect(rows.find(({ instrument }) => instrument === 'TPEX:4168')).toMatchObject({
      revenue_thousands: 202,
      year_before_thousands: 0,
      change_on_month_percent: 339.13,
      change_on_year_percent: null,
      change_to_date_percent: null,
    })
    // Characters outside of MS950 come as entities.
    expect(rows.filter(({ note }) => note?.includes('&#') ?? false)).toEqual([])
  })

  it.each(['TWSE', 'TPEX'] as const)('have nothing yet of %s in January 2024', async (exchange) => {
    const html = page(`mops-${exchange.toLowerCase()}-stocks-revenue-no-data.html`)
    expect(await parseRevenue(html, { exchange, month: '2024-01', isForeign: false })).toBe('no-data')
  })

  it('of another month, exchange or unit are not kept', async () => {
    const html = page('mops-twse-stocks-revenue.html')
    const wrong = (change: string, question: Parameters<typeof parseRevenue>[1]) =>
      expect(parseRevenue(change, question)).rejects
    await wrong(html, { exchange: 'TPEX', ...january }).toThrow("asked for TPEX in 2023-01, but its title is '上市公司")
    await wrong(html, { exchange: 'TWSE', month: '2023-02', isForeign: false }).toThrow('asked for TWSE in 2023-02')
    const inMillions = html.replace('單位：千元', '單位：百萬元')
    await wrong(inMillions, { exchange: 'TWSE', ...january }).toThrow('not told in thousands')
  })
})
