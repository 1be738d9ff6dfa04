import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenedStore } from './store.contract.js'
import { rowsAtOnceMax, type Store, type TableRow } from './store.js'

/** What every store does with rows that need no reading. `open` gives a new, empty one. */
export function insertRowsContract(name: string, open: (streamsMax: number) => Promise<OpenedStore>): void {
  describe(`${name}: rows`, () => {
    let opened: OpenedStore
    let store: Store
    let tables = 0

    beforeAll(async () => {
      opened = await open(1)
      store = opened.store
    })
    afterAll(() => opened.close())

    const columns = `n UInt32, big Int64, price Float64, share Nullable(Float64), name LowCardinality(String), isFinal Bool,
      ts DateTime('UTC'), known DateTime64(3, 'UTC')`
    const newTable = async () => {
      const created = `rows_${tables++}`
      await store.command(`CREATE TABLE ${created} (${columns}) ENGINE = MergeTree ORDER BY n`)
      return created
    }
    const row = (n: number): TableRow => [n, -n, 0.1, null, 'x', true, '2026-11-20T01:00:00Z', '2026-11-20T01:00:00.5Z']
    const countOf = async (table: string) =>
      (await store.rows<{ n: number }>(`SELECT count() AS n FROM ${table}`))[0]?.n

    test('read back as they were written, whatever is in their cells', async () => {
      const instant = fc.integer({ min: 0, max: 4_294_967_295 }).map((seconds) => seconds * 1_000)
      const price = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
      const cells = fc.record({
        big: fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
        price,
        share: fc.option(price),
        name: fc.string({ unit: 'binary', maxLength: 20 }),
        isFinal: fc.boolean(),
        ts: instant.map((ms) => new Date(ms).toISOString().replace('.000Z', 'Z')),
        known: instant.map((ms) => new Date(ms + 5).toISOString()),
      })
      const law = fc.asyncProperty(fc.array(cells, { minLength: 1, maxLength: 20 }), async (all) => {
        const table = await newTable()
        const told = all.map((each, n) => ({ n, ...each }))
        await store.insertRows(
          table,
          told.map((each) => Object.values(each)),
        )
        expect(await store.rows(`SELECT * FROM ${table} ORDER BY n`)).toEqual(told)
      })
      await fc.assert(law, { numRuns: 30 })
    })

    test.each<[string, TableRow]>([
      ['too few cells', row(2).slice(0, -1)],
      ['too many cells', [...row(2), 1]],
      ['a word for a number', row(2).with(2, 'many')],
      ['nothing where something must be', row(2).with(6, 'soon')],
    ])('with %s are refused, and those beside them are not written', async (_, wrong) => {
      const table = await newTable()
      await expect(store.insertRows(table, [row(1), wrong, row(3)])).rejects.toMatchObject({ name: 'EngineError' })
      expect(await countOf(table)).toBe(0)
    })

    test('may be none', async () => {
      const table = await newTable()
      await store.insertRows(table, [])
      expect(await countOf(table)).toBe(0)
    })

    test('are as many as may be together', async () => {
      const table = await newTable()
      await store.insertRows(
        table,
        Array.from({ length: rowsAtOnceMax }, (_, n) => row(n)),
      )
      expect(await countOf(table)).toBe(rowsAtOnceMax)
      const parts = `SELECT count() AS n FROM system.parts WHERE active AND table = '${table}'`
      expect(await store.rows(parts)).toEqual([{ n: 1 }])
    })

    test('do not wait for a long write', async () => {
      const [long, table] = [await newTable(), await newTable()]
      const mark = `INSERT INTO ${long} (n)`
      const underWay = store.command(`${mark} SELECT count() FROM system.numbers`)
      const stopped = expect(underWay).rejects.toMatchObject({ name: 'EngineError' })
      await expect
        .poll(() => store.rows('SELECT 1 FROM system.processes WHERE startsWith(query, {mark:String})', { mark }))
        .toHaveLength(1)
      await store.insertRows(table, [row(1)])
      expect(await countOf(table)).toBe(1)
      await store.command('KILL QUERY WHERE startsWith(query, {mark:String})', { mark })
      await stopped
    })
  })
}
