import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../', import.meta.url)
const page = readFileSync(new URL('docs/reference/traps.md', root), 'utf8')

interface Trap {
  readonly number: string
  readonly cells: readonly string[]
  /** What the last cell says: tests, or why there is none. */
  readonly held: string
}

const traps = [...page.matchAll(/^\| (\d[\d.]*-[a-z]) \| (.+) \|$/gm)].map(([, number = '', row = '']): Trap => {
  const cells = row.split(' | ')
  return { number, cells, held: cells.at(-1) ?? '' }
})
const testsOf = ({ held }: Trap) =>
  [...held.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }))

/** A path of the repository, or of the connectors. */
function sourceOf(file: string): string | undefined {
  const places = [new URL(file, root), new URL(`packages/connectors/src/${file}`, root)]
  const place = places.find((one) => existsSync(one))
  return place && readFileSync(place, 'utf8')
}

/** The title stands behind the opening of a call, on its line or on the next. */
function hasTest(source: string, title: string): boolean {
  return [`'${title}',`, `"${title}",`].some((quoted) => {
    const before = source.slice(0, Math.max(source.indexOf(quoted), 0))
    return before.trimEnd().endsWith('(')
  })
}

test('every row has a number of its own and all four cells', () => {
  const numbers = traps.map(({ number }) => number)
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(new Set(numbers.map((number) => number.split(/[.-]/)[0]))).toEqual(
    new Set(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']),
  )
  expect(traps.filter(({ cells }) => cells.length !== 3)).toEqual([])
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (trap|---) /.test(line))
  expect(rows).toHaveLength(traps.length)
})

test('every trap names a test, or says why there is none', () => {
  const bare = traps.filter((trap) => testsOf(trap).length === 0 && !/^none: .{10}/.test(trap.held))
  expect(bare).toEqual([])
  // What is not understood as a test would not be looked for.
  const odd = traps.filter((trap) => {
    const told = testsOf(trap).map(({ file, title }) => `\`${file}\`: "${title}"`)
    return !trap.held.startsWith('none: ') && told.join('; ') !== trap.held
  })
  expect(odd).toEqual([])
})

test('every test that a trap names is there', () => {
  const gone = traps.flatMap((trap) =>
    testsOf(trap)
      .filter(({ file, title }) => !hasTest(sourceOf(file) ?? '', title))
      .map(({ file, title }) => `${trap.number}: ${file} has no test '${title}'`),
  )
  expect(gone).toEqual([])
})
