import {
  type Column,
  type DataType,
  int64,
  TimeUnit,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
  timestamp,
  uint64,
} from '@uwdata/flechette'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrowOf } from './arrow.contract.js'
import { streamTables } from './arrow.js'
import { arrowMessages } from './arrow-messages.js'
import type { HttpSettings } from './http.js'
import { numberColumns } from './number-columns.js'

const bytes = arrowOf(1_050, 100)
const closes = Array.from({ length: 1_050 }, (_, row) => 500 + row)

test('messages are the same, however the stream is cut', async () => {
  const whole = await collect(arrowMessages(cut(bytes.length)))
  expect(whole.map(({ isBatch }) => isBatch)).toEqual([false, ...Array.from({ length: 11 }, () => true)])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5_000 }), async (pieceBytes) => {
      expect(await collect(arrowMessages(cut(pieceBytes)))).toEqual(whole)
    }),
    { numRuns: 30 },
  )
})

test('tables of a stream hold every row once, in order, and are no more than their bytes call for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40_000 }), async (bytesMin) => {
      const tables = await collect(streamTables(answering(bytes), { path: '/v1/bars' }, bytesMin))
      expect(tables.flatMap((table) => [...table.getChild('close')])).toEqual(closes)
    }),
    { numRuns: 30 },
  )
})

test('every table of a stream can read the names of its instruments', async () => {
  const names = closes.map((_, row) => `SIM:${row % 7}`)
  const named = tableToIPC(tableFromArrays({ instrument: names }, { maxBatchRows: 100 }), { format: 'stream' })
  const tables = await collect(streamTables(answering(named), { path: '/v1/bars' }, 1))
  expect(tables).toHaveLength(11)
  expect(tables.flatMap((table) => [...table.getChild('instrument')])).toEqual(names)
})

test('a stream without rows gives no table, and an empty one is refused', async () => {
  expect(await collect(streamTables(answering(arrowOf(0)), { path: '/v1/bars' }))).toEqual([])
  const nothing = streamTables(answering(new Uint8Array()), { path: '/v1/bars' })
  await expect(collect(nothing)).rejects.toMatchObject({ code: 'INTERNAL_ERROR', message: /it is empty/ })
})

test('64-bit integers become the nearest floats, and nulls stay null', () => {
  const asNumber = (value: bigint | null) => (value === null ? null : Number(value))
  const signed = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1 })
  const unsigned = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1 })
  const nullable = fc.array(fc.option(fc.bigInt({ min: 0n, max: 2n ** 53n - 1n })), { minLength: 1 })
  fc.assert(
    fc.property(signed, unsigned, nullable, (integers, naturals, gaps) => {
      expect(columnOf(integers, int64()).toArray()).toEqual(Float64Array.from(integers, Number))
      expect(columnOf(naturals, uint64()).toArray()).toEqual(Float64Array.from(naturals, Number))
      expect([...columnOf(gaps, uint64()).toArray()]).toEqual(gaps.map(asNumber))
    }),
  )
})

test('an array has the values that rows have one by one', () => {
  const table = numberColumns(tableFromIPC(bytes))
  for (const name of ['ts', 'close', 'volume']) {
    const column = table.getChild(name)
    expect([...column.toArray()]).toEqual([...column])
  }
  expect(table.at(1_049)).toEqual({ ts: 1_590_973_201_049, close: 1_549, volume: 4_294_967_296 + 1_049 })
})

test('instants of any unit become milliseconds', () => {
  const atMs = [-1_000, 0, 1_590_973_200_000]
  for (const unit of [TimeUnit.SECOND, TimeUnit.MILLISECOND, TimeUnit.MICROSECOND, TimeUnit.NANOSECOND]) {
    expect([...columnOf(atMs, timestamp(unit, 'UTC')).toArray()]).toEqual(atMs)
  }
})

test('a table can be written as Arrow again', () => {
  const written = tableToIPC(numberColumns(tableFromIPC(bytes)), { format: 'stream' })
  if (written === null) throw new Error('The Arrow writer gave no bytes.')
  expect([...tableFromIPC(written)]).toEqual([...tableFromIPC(bytes)])
})

/** Builds a column, writes it as Arrow and reads it as numbers. */
function columnOf(values: readonly unknown[], type: DataType): Column<number> {
  const stream = tableToIPC(tableFromArrays({ value: [...values] }, { types: { value: type }, maxBatchRows: 3 }), {
    format: 'stream',
  })
  if (stream === null) throw new Error('The Arrow writer gave no bytes.')
  return numberColumns(tableFromIPC(stream)).getChild('value')
}

async function* cut(pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) yield bytes.subarray(offset, offset + pieceBytes)
}

/** Settings whose server answers every request with a body. */
function answering(body: Uint8Array | null): HttpSettings {
  return {
    origin: 'http://nowhere',
    key: undefined,
    fetch: async () => new Response(new Blob(body === null ? [] : [new Uint8Array(body)])),
    retriesMax: 0,
    timeoutMs: undefined,
    random: () => 0.5,
    sleep: async () => {},
    now: () => 0,
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
