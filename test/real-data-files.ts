import { existsSync, readdirSync, readFileSync } from 'node:fs'

// From the root of the repository, where vitest runs.
export const dataRoot = '../shared/data'

/** Whether a folder of real data is there. Throws in CI, where it must be; elsewhere it says what is left out. */
export function dataIsThere(folder: string): boolean {
  const there = existsSync(`${dataRoot}/${folder}`)
  if (!there && process.env.CI === 'true')
    throw new Error(`${dataRoot}/${folder} is missing, and in CI it must be there.`)
  if (!there) console.warn(`LEFT OUT: ${dataRoot}/${folder} is missing, so the server was not tried on its real data.`)
  return there
}

export interface TaiwanFiles {
  readonly files: number
  readonly lines: number
  /** `TWSE:2330 2004-02-11T01:00:00Z` → open, high, low, close, volume, turnover, trades; lines with four prices only. */
  readonly bars: ReadonlyMap<string, readonly number[]>
}

/** The daily files of Taiwan, read by rules of this test alone: a bug of the importer must not hide in its own reader. */
export function parseTaiwanFiles(): TaiwanFiles {
  const folder = `${dataRoot}/twse-tpex-daily`
  const bars = new Map<string, readonly number[]>()
  let lines = 0
  const names = readdirSync(folder).filter((name) => name.endsWith('.csv'))
  for (const name of names) {
    for (const line of readFileSync(`${folder}/${name}`, 'utf8').split('\n')) {
      if (line.trim() === '') continue
      lines += 1
      const [date = '', open, high, low, close, volume, turnover, , trades] = line.trim().split(',')
      const numbers = [open, high, low, close, volume, turnover, trades].map(Number)
      if (!numbers.slice(0, 4).every((price) => price > 0)) continue
      const [year, month, day] = date.split('/')
      // Sessions open at 09:00 in Taipei, which has been eight hours ahead of UTC, without summer time, since 1980.
      bars.set(`TWSE:${name.slice(0, -4)} ${Number(year) + 1911}-${month}-${day}T01:00:00Z`, numbers)
    }
  }
  return { files: names.length, lines, bars }
}

/** Open, high, low, close, volume of bars in ascending order made into those of one bar. */
export function mergeBars(bars: readonly (readonly number[])[]): number[] {
  const column = (index: number) => bars.map((bar) => bar[index] ?? Number.NaN)
  const sum = (index: number) => column(index).reduce((total, value) => total + value, 0)
  const sums = (bars[0] ?? []).slice(4).map((_, index) => sum(index + 4))
  return [
    column(0)[0] ?? Number.NaN,
    Math.max(...column(1)),
    Math.min(...column(2)),
    column(3).at(-1) ?? Number.NaN,
    ...sums,
  ]
}

/** Values gathered under the keys that `keyOf` gives, in the order of both. */
export function groupBars(
  bars: Iterable<readonly [string, readonly number[]]>,
  keyOf: (key: string) => string,
): Map<string, (readonly number[])[]> {
  const groups = new Map<string, (readonly number[])[]>()
  for (const [key, bar] of bars) {
    const group = groups.get(keyOf(key))
    if (group === undefined) groups.set(keyOf(key), [bar])
    else group.push(bar)
  }
  return groups
}

const fields = ['open', 'high', 'low', 'close', 'volume'] as const

/** What bars that both sides have agree in, and where they differ: `US:SPY 2013-10-07: open 168.41 ≠ 168.5`. */
export function compareBars(
  left: ReadonlyMap<string, readonly number[]>,
  right: ReadonlyMap<string, readonly number[]>,
) {
  const mismatches: string[] = []
  const byField: Record<string, number> = {}
  let compared = 0
  let equal = 0
  for (const [key, bar] of left) {
    const other = right.get(key)
    if (other === undefined) continue
    compared += 1
    const differing = fields.filter((_, index) => bar[index] !== other[index])
    if (differing.length === 0) equal += 1
    for (const field of differing) {
      const index = fields.indexOf(field)
      byField[field] = (byField[field] ?? 0) + 1
      mismatches.push(`${key}: ${field} ${bar[index]} ≠ ${other[index]}`)
    }
  }
  return { compared, equal, byField, mismatches }
}
