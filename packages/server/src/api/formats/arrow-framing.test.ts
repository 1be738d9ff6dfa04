import {
  columnFromArray,
  float64,
  TimeUnit,
  tableFromColumns,
  tableFromIPC,
  tableToIPC,
  timestamp,
  uint32,
} from '@uwdata/flechette'
import { describe, expect, test } from 'vitest'
import { arrowBatches, arrowEnd, arrowHead } from './arrow-framing.js'

interface Row {
  readonly id: number
  readonly ms: number
  readonly close: number
}

const columns = ['instrument', 'ts', 'close'] as const
const names = ['TWSE:2330', 'TWSE:2409', 'SIM:1']

/** What the engine gives: a complete stream, with the instrument as a bare number. */
function engineStream(rows: readonly Row[]): Uint8Array {
  const table = tableFromColumns([
    [
      'instrument',
      columnFromArray(
        rows.map(({ id }) => id),
        uint32(),
      ),
    ],
    [
      'ts',
      columnFromArray(
        rows.map(({ ms }) => ms),
        timestamp(TimeUnit.MILLISECOND, 'UTC'),
      ),
    ],
    [
      'close',
      columnFromArray(
        rows.map(({ close }) => close),
        float64(),
      ),
    ],
  ])
  const bytes = tableToIPC(table, { format: 'stream' })
  if (bytes === null) throw new Error('The Arrow writer gave no bytes.')
  return bytes
}

function framed(streams: readonly Uint8Array[], head = arrowHead(columns, names)) {
  return tableFromIPC(Buffer.concat([head, ...streams.flatMap(arrowBatches), arrowEnd]))
}

const rowsFrom = (count: number, first: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({
    id: (first + index) % 3,
    ms: (first + index) * 60_000,
    close: first + index + 0.5,
  }))

describe('one Arrow stream made of many', () => {
  test('rows of several streams read back as one table, with names for numbers', () => {
    const parts = [rowsFrom(5, 0), rowsFrom(1, 5), rowsFrom(300, 6)]
    const table = framed(parts.map(engineStream))
    expect(table.numRows).toBe(306)
    const rows = parts.flat()
    expect(table.getChild('instrument').toArray()).toEqual(rows.map(({ id }) => names[id]))
    expect([...table.getChild('ts').toArray()]).toEqual(rows.map(({ ms }) => ms))
    expect([...table.getChild('close').toArray()]).toEqual(rows.map(({ close }) => close))
  })

  test('an answer without rows is a table with the same columns', () => {
    const table = framed([])
    expect(table.numRows).toBe(0)
    expect(table.schema.fields.map(({ name }) => name)).toEqual([...columns])
    expect(framed([], arrowHead(columns, [])).numRows).toBe(0)
  })

  test('a stream that is a window into a larger buffer is read from its own start', () => {
    const stream = engineStream(rowsFrom(4, 0))
    const larger = new Uint8Array(stream.byteLength + 24)
    larger.set(stream, 16)
    expect(framed([larger.subarray(16, 16 + stream.byteLength)]).numRows).toBe(4)
  })

  test('batches keep neither schema nor end, and their bytes are not copied', () => {
    const stream = engineStream(rowsFrom(4, 0))
    const [batch, ...more] = arrowBatches(stream)
    expect(more).toEqual([])
    expect(batch?.buffer).toBe(stream.buffer)
    expect(batch?.byteLength).toBeLessThan(stream.byteLength - arrowEnd.byteLength)
  })

  test('an answer without the instrument has no dictionary', () => {
    const stream = tableToIPC(tableFromColumns([['close', columnFromArray([1.5, 2.5], float64())]]), {
      format: 'stream',
    })
    if (stream === null) throw new Error('The Arrow writer gave no bytes.')
    const table = framed([stream], arrowHead(['close'], names))
    expect([...table.getChild('close').toArray()]).toEqual([1.5, 2.5])
  })
})
