import { float64, TimeUnit, tableFromArrays, tableToIPC, timestamp, uint64 } from '@uwdata/flechette'
import { expect, test } from 'vitest'
import { type Answer, createGate, startFakeServer } from './fake-server.contract.js'
import type { RunScenario } from './scenarios.contract.js'

/** What the client must make of Arrow streams, wherever it runs. */
export function testArrow(runScenario: RunScenario): void {
  test('loadBars gives typed columns, however the stream is cut', async () => {
    const bytes = arrowOf(1_050)
    const { url, seen } = await startFakeServer(sendArrow(bytes, 777))
    expect(await runScenario('loadBars', url)).toEqual({
      rows: 1_050,
      kinds: ['Float64Array', 'Float64Array', 'Float64Array'],
      last: [1_590_973_201_049, 1_549, 4_294_967_296 + 1_049],
    })
    expect(seen[0]?.query).toMatch(/^instruments=TWSE:2330&.*columns=ts,close,volume&format=arrow$/)
  })

  test('loadBars asks again for a stream that ends within a message', async () => {
    const bytes = arrowOf(1_050)
    const { url, seen } = await startFakeServer((request, response, number) =>
      sendArrow(number === 1 ? bytes.subarray(0, bytes.length - 100) : bytes)(request, response, number),
    )
    expect(await runScenario('loadBars', url)).toMatchObject({ rows: 1_050 })
    expect(seen).toHaveLength(2)
  })

  test.each([
    ['a page of text', Buffer.from('instrument,ts,open\n')],
    ['nothing', Buffer.alloc(0)],
    ['a message of more bytes than a buffer holds', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  ])('loadBars refuses %s', async (_, bytes) => {
    const { url, seen } = await startFakeServer(sendArrow(bytes))
    expect(await runScenario('failToLoadBars', url)).toMatchObject({
      code: 'INTERNAL_ERROR',
      message: expect.stringContaining('not an Arrow stream'),
    })
    expect(seen).toHaveLength(1)
  })

  test('batches hold every row once, in order', async () => {
    const { url } = await startFakeServer(sendArrow(arrowOf(1_050), 777))
    expect(await runScenario('readBarsInBatches', url)).toEqual(Array.from({ length: 1_050 }, (_, row) => 500 + row))
  })

  test('leaving batches cancels the download', async () => {
    const hungUp = createGate()
    const { url } = await startFakeServer((_, response) => {
      response.on('close', hungUp.open)
      response.writeHead(200, arrowHeaders)
      response.write(arrowOf(900_000, 750_000).subarray(0, -8)) // without its end, and nothing follows
    })
    expect(await runScenario('leaveBatchesAtTheFirst', url)).toBe(750_000)
    await hungUp.opened
  })

  test('a connection that breaks between batches is CONNECTION_FAILED', async () => {
    const bytes = arrowOf(1_050)
    const { url, seen } = await startFakeServer((_, response) => {
      response.writeHead(200, arrowHeaders).write(bytes.subarray(0, bytes.length - 100), () => response.destroy())
    })
    expect(await runScenario('readBatchesOfABrokenStream', url)).toMatchObject({ code: 'CONNECTION_FAILED' })
    expect(seen).toHaveLength(1)
  })
}

const arrowHeaders = { 'content-type': 'application/vnd.apache.arrow.stream' }

function sendArrow(bytes: Uint8Array, pieceBytes = bytes.length): Answer {
  return (_, response) => {
    response.writeHead(200, arrowHeaders)
    for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
      response.write(bytes.subarray(offset, offset + pieceBytes))
    }
    response.end()
  }
}

/** An Arrow stream of bars with the types of the server; the volumes need more than 32 bits. */
export function arrowOf(rows: number, rowsABatch = 100): Uint8Array {
  const indices = Array.from({ length: rows }, (_, index) => index)
  const table = tableFromArrays(
    {
      ts: indices.map((index) => 1_590_973_200_000 + index),
      close: indices.map((index) => 500 + index),
      volume: indices.map((index) => BigInt(4_294_967_296 + index)),
    },
    {
      types: { ts: timestamp(TimeUnit.MILLISECOND, 'UTC'), close: float64(), volume: uint64() },
      maxBatchRows: rowsABatch,
    },
  )
  const bytes = tableToIPC(table, { format: 'stream' })
  if (bytes === null) throw new Error('The Arrow writer gave no bytes.')
  return bytes
}
