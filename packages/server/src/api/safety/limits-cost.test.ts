import { expect, test } from 'vitest'
import { EngineError, type Store } from '../../store/store.js'
import { limitCost } from './limits-cost.js'

/** A store that refuses every query, and remembers what it was asked. */
function refusing(message: string) {
  const asked: string[] = []
  const refuse = (sql: string) => {
    asked.push(sql)
    throw new EngineError(message)
  }
  const store: Pick<Store, 'rows' | 'stream'> = {
    rows: async (sql) => refuse(sql),
    stream: (sql) =>
      (async function* () {
        yield refuse(sql)
      })(),
  }
  return { store: store as Store, asked } // the limit touches no other method
}

test('a query that the engine has no memory for is refused for now', async () => {
  const { store } = refusing('Code: 241. DB::Exception: memory limit exceeded (MEMORY_LIMIT_EXCEEDED)')
  await expect(limitCost(store, 10, () => 0).rows('SELECT 1')).rejects.toMatchObject({
    code: 'OVER_CAPACITY',
    retry: { afterMs: 5_000 },
  })
})

test('a query that reads too many rows is refused, with the setting', async () => {
  const { store, asked } = refusing('Code: 158. DB::Exception: too many (TOO_MANY_ROWS)')
  const limited = limitCost(store, 10, () => 0)
  const refusal = { code: 'REQUEST_TOO_COMPLEX', message: expect.stringContaining('api.rowsReadMax = 10') }
  await expect(limited.rows('SELECT 1')).rejects.toMatchObject(refusal)
  await expect(limited.stream('SELECT 1 LIMIT 5', {}, 'CSV')[Symbol.asyncIterator]().next()).rejects.toMatchObject(
    refusal,
  )
  expect(asked).toEqual(['SELECT 1 SETTINGS max_rows_to_read = 10', 'SELECT 1 LIMIT 5 SETTINGS max_rows_to_read = 10'])
})

test('another fault of the engine stays what it is', async () => {
  const { store } = refusing('Code: 62. DB::Exception: Syntax error (SYNTAX_ERROR)')
  await expect(limitCost(store, 10, () => 0).rows('SELECT')).rejects.toBeInstanceOf(EngineError)
})

test('only where the store has more rows than allowed a query is estimated, and the count is not asked for each time', async () => {
  const asked: string[] = []
  let rowsInStore = 10
  let nowMs = 0
  const store: Pick<Store, 'rows' | 'stream'> = {
    async rows<Row>(sql: string) {
      asked.push(sql.includes('system.parts') ? 'count' : 'estimate')
      return [{ rows: sql.includes('system.parts') ? rowsInStore : 11 }] as Row[] // both ask for rows
    },
    stream: () =>
      (async function* () {
        yield new Uint8Array(1)
      })(),
  }
  const limited = limitCost(store as Store, 10, () => nowMs) // the limit touches no other method
  const read = () => limited.stream('SELECT 1', {}, 'CSV')[Symbol.asyncIterator]().next()
  await read()
  await read()
  expect(asked).toEqual(['count'])
  rowsInStore = 11
  nowMs = 10_001
  await expect(read()).rejects.toMatchObject({
    code: 'REQUEST_TOO_COMPLEX',
    message: expect.stringContaining('11 rows'),
  })
  expect(asked).toEqual(['count', 'count', 'estimate'])
})
