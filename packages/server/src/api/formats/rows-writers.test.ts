import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowsWriter } from './rows-writers.js'
import { wholeLines } from './whole-lines.js'

async function* cutAt(bytes: Buffer, cuts: readonly number[]) {
  let from = 0
  for (const cut of [...new Set(cuts)].sort((a, b) => a - b)) {
    if (cut >= bytes.byteLength) break
    yield Buffer.from(bytes.subarray(from, cut))
    from = cut
  }
  yield Buffer.from(bytes.subarray(from))
}

test('however lines are cut on their way, they come out whole and as JSON', async () => {
  const cuts = fc.array(fc.nat(200))
  const rowsOf = fc.array(fc.record({ a: fc.string(), b: fc.integer() }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(rowsOf, cuts, fc.integer({ min: 1, max: 90 }), async (rows, at, bytesMax) => {
      const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
      const writer = rowsWriter('json', { columns: ['a', 'b'] })
      const parts = [writer.head]
      for await (const lines of wholeLines(cutAt(bytes, at), bytesMax)) {
        expect(lines.at(-1)).toBe(0x0a)
        if (lines.indexOf(0x0a) < lines.byteLength - 1) expect(lines.byteLength).toBeLessThanOrEqual(bytesMax)
        parts.push(...writer.rows(lines))
      }
      parts.push(writer.tail({ next: null, total: undefined, links: {} }))
      expect(JSON.parse(Buffer.concat(parts).toString())).toEqual(rows)
    }),
  )
})
