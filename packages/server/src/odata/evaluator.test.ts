import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Contents, openContents } from '../store/contents.js'
import { Binder } from '../store/engine/binder.js'
import { openStore } from '../store/open-store.js'
import type { Store } from '../store/store.js'
import type { EntitySet } from './entity-set.js'
import { entitySets } from './entity-sets.js'
import { ExpressionSql } from './expression-sql.js'
import { evaluate, type NaiveRow, type NaiveValue } from './naive-evaluator.contract.js'
import { parseExpression } from './parse-expression.js'

/** `ODATA_FUZZ_RUNS=2000` for a long run; each run has ten conditions. */
const runs = Number(process.env.ODATA_FUZZ_RUNS ?? 30)
const CONDITIONS_A_RUN = 10
/** Of one condition; the engine takes 256 KiB in all. */
const SQL_CHARACTERS_MAX = 20_000
let compared = 0

/** Columns by the first letter of their name: two of each type, so that columns are compared with each other. */
const samples: Readonly<Record<string, readonly NaiveValue[]>> = {
  i: [null, 0n, 1n, -1n, 2n, 7n, 9_007_199_254_740_993n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n],
  x: [null, 0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 0.30000000000000004, 1e300, -1e300, 9_007_199_254_740_992, 120.93],
  s: [null, '', 'a', 'A', 'ab', 'b%_', ' a ', "it's", '玉山', '山', 'É\\n', '𝄞x'],
  f: [null, true, false],
  d: [null, { day: '1970-01-01' }, { day: '2024-02-29' }, { day: '2026-11-20' }, { day: '1969-12-31' }],
  t: [
    null,
    new Date('1970-01-01T00:00:00Z'),
    new Date('2026-11-20T01:02:03.250Z'),
    new Date('2026-11-20T00:00:00Z'),
    new Date('1969-12-31T23:59:59.999Z'),
  ],
}
const types = { i: 'integer', x: 'number', s: 'string', f: 'boolean', d: 'date', t: 'instant' } as const
const letters = Object.keys(types) as (keyof typeof types)[] // the keys of a literal
const columns = letters.flatMap((letter) => [`${letter}1`, `${letter}2`])

let directory: string
let store: Store
let contents: Contents
let set: EntitySet
let rows: NaiveRow[]

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'barkeep-odata-evaluator-'))
  store = await openStore({
    directory,
    server: { url: '', user: '', password: '', database: '' },
    streamsMax: 2,
    silenceMsMax: 600_000,
  })
  contents = await openContents(store)
  await contents.datasets.create({
    name: 'fuzz',
    title: 'fuzz',
    licence: null,
    source: null,
    key: ['key'],
    columns: [
      { name: 'key', type: 'integer', nullable: false },
      ...letters.flatMap((letter) =>
        [1, 2].map((number) => ({ name: `${letter}${number}`, type: types[letter], nullable: true })),
      ),
    ],
  })
  const [seed] = fc.sample(fc.array(fc.record(arbitraryRow()), { minLength: 60, maxLength: 60 }), {
    numRuns: 1,
    seed: 7,
  })
  rows = (seed ?? []).map((row, index) => ({ ...row, key: BigInt(index) }))
  const lines = rows.map(
    (row) =>
      `{${Object.entries(row)
        .map(([name, value]) => `"${name}":${json(value)}`)
        .join(',')}}\n`,
  )
  await contents.datasetIngest.store({
    name: 'fuzz',
    format: 'JSONEachRow',
    body: (async function* () {
      yield Buffer.from(lines.join(''))
    })(),
    bytesMax: 1_000_000,
  })
  const found = entitySets(contents.sources).find(({ name }) => name === 'fuzz')
  if (found === undefined) throw new Error('the dataset is no entity set')
  set = found
})

afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

function arbitraryRow() {
  return Object.fromEntries(columns.map((name) => [name, fc.constantFrom(...(samples[name.slice(0, 1)] ?? []))]))
}

function json(value: NaiveValue): string {
  if (typeof value === 'bigint') return String(value)
  if (value !== null && typeof value === 'object' && 'day' in value) return JSON.stringify(value.day)
  return JSON.stringify(value)
}

/** A value as OData writes it in a URL. */
function written(value: NaiveValue): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  if (value instanceof Date) return value.toISOString()
  if (value !== null && typeof value === 'object') return value.day
  return String(value).replace('e+', 'e')
}

const leaf = (letter: keyof typeof types) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(`${letter}1`, `${letter}2`) },
    { weight: 2, arbitrary: fc.constantFrom(...(samples[letter] ?? [])).map(written) },
  )
/** All levels count, of whatever type. */
const small = { maxDepth: 4, depthIdentifier: 'expression' }
type Types = Record<keyof typeof types, string>
const call = (name: string, ...args: fc.Arbitrary<string>[]) =>
  fc.tuple(...args).map((texts) => `${name}(${texts.join(',')})`)
const pair = (of: fc.Arbitrary<string>, ...operators: string[]) =>
  fc.tuple(of, fc.constantFrom(...operators), of).map(([a, operator, b]) => `(${a} ${operator} ${b})`)

const expressions = fc.letrec<Types>((tie) => {
  const number = fc.oneof(tie('i'), tie('x'))
  const comparisons = ['eq', 'ne', 'gt', 'ge', 'lt', 'le']
  const mixed = fc
    .tuple(tie('i'), fc.constantFrom('add', 'sub', 'mul', 'div', 'divby'), tie('x'), fc.boolean())
    .map(([i, operator, x, isTurned]) => (isTurned ? `(${x} ${operator} ${i})` : `(${i} ${operator} ${x})`))
  const list = (letter: keyof typeof types) =>
    fc
      .tuple(tie(letter), fc.array(fc.constantFrom(...(samples[letter] ?? [])), { maxLength: 4 }))
      .map(([operand, values]) => `(${operand} in (${values.map(written).join(',')}))`)
  const cases = (letter: keyof typeof types) =>
    fc.tuple(tie('f'), tie(letter), tie('f'), tie(letter)).map(([a, b, c, d]) => `case( ${a} : ${b} , ${c} : ${d} )`)
  return {
    i: fc.oneof(
      small,
      leaf('i'),
      pair(tie('i'), 'add', 'sub', 'mul', 'div', 'mod'),
      tie('i').map((a) => `(-(${a}))`),
      call('length', tie('s')),
      call('indexof', tie('s'), tie('s')),
      fc
        .tuple(fc.constantFrom('year', 'month', 'day', 'hour', 'minute', 'second'), tie('t'))
        .map(([name, t]) => `${name}(${t})`),
      fc.tuple(fc.constantFrom('year', 'month', 'day'), tie('d')).map(([name, d]) => `${name}(${d})`),
      call('round', tie('i')),
      cases('i'),
    ),
    x: fc.oneof(
      small,
      leaf('x'),
      pair(tie('x'), 'add', 'sub', 'mul', 'div', 'divby'),
      // The engine's remainder of huge fractions is not exact.
      pair(fc.constantFrom('0.5', '-2.5', '120.93', '7', '0'), 'mod'),
      pair(tie('i'), 'divby'),
      mixed,
      fc.tuple(fc.constantFrom('round', 'floor', 'ceiling'), tie('x')).map(([name, x]) => `${name}(${x})`),
      call('fractionalseconds', tie('t')),
      cases('x'),
    ),
    s: fc.oneof(
      small,
      leaf('s'),
      call('concat', tie('s'), tie('s')),
      fc.tuple(fc.constantFrom('tolower', 'toupper', 'trim'), tie('s')).map(([name, s]) => `${name}(${s})`),
      call('substring', tie('s'), tie('i')),
      call('substring', tie('s'), tie('i'), tie('i')),
      cases('s'),
    ),
    d: fc.oneof(small, leaf('d'), call('date', tie('t')), cases('d')),
    t: fc.oneof(small, leaf('t'), cases('t')),
    f: fc.oneof(
      small,
      leaf('f'),
      pair(tie('f'), 'and', 'or', 'and', 'or', 'eq', 'ne', 'gt', 'le'),
      tie('f').map((a) => `(not (${a}))`),
      pair(number, ...comparisons),
      pair(tie('s'), ...comparisons),
      pair(tie('d'), ...comparisons),
      pair(tie('t'), ...comparisons),
      fc
        .tuple(fc.constantFrom('contains', 'startswith', 'endswith'), tie('s'), tie('s'))
        .map(([name, a, b]) => `${name}(${a},${b})`),
      list('i'),
      list('x'),
      list('s'),
      list('t'),
    ),
  }
})

describe('a naive evaluator', () => {
  test('finds the rows that the store finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(expressions.f, { minLength: CONDITIONS_A_RUN, maxLength: CONDITIONS_A_RUN }),
        async (conditions) => {
          const wrong = (await storeKeys(conditions)).filter(
            ([text, keys]) => !isDeepStrictEqual(keys, naiveKeys(text)),
          )
          expect(wrong.map(([text, keys]) => [text, keys, naiveKeys(text)])).toEqual([])
        },
      ),
      // Each condition is small as it is; making it smaller would ask the store thousands of times.
      { numRuns: runs, endOnFailure: true },
    )
    // Nearly all are short enough.
    expect(compared).toBeGreaterThan(runs * CONDITIONS_A_RUN * 0.9)
  }, 3_600_000)
})

function naiveKeys(text: string): number[] {
  const expression = parseExpression(text)
  return rows.flatMap((row, index) => (evaluate(expression, row) === true ? [index] : []))
}

/** All conditions in one query, each in a WHERE of its own; without those that are too long for the engine. */
async function storeKeys(conditions: readonly string[]): Promise<[string, number[]][]> {
  const params = new Binder()
  const context = { params, aliases: new Map(), nowMs: 0 }
  const asked = conditions.flatMap((text) => {
    const sql = new ExpressionSql(set, context, '$filter').condition(parseExpression(text))
    return sql.length > SQL_CHARACTERS_MAX ? [] : [{ text, sql }]
  })
  const selects = asked.map(
    ({ sql }, index) => `SELECT ${index} AS n, arraySort(groupArray(t.key)) AS keys FROM ${set.source} WHERE ${sql}`,
  )
  const found = await store.rows<{ n: number; keys: number[] }>(selects.join(' UNION ALL '), params.all)
  compared += asked.length
  return asked.map(({ text }, index) => [text, found.find(({ n }) => n === index)?.keys ?? []])
}
