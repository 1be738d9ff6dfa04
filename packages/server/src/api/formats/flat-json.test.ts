import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FlatJson } from './flat-json.js'

const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
  fc.record({ nested: fc.string({ maxLength: 5 }) }),
)

test('every value of every row is found where it stands', () => {
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 6 }), { maxLength: 6 }), (rows) => {
      const lines = rows.map(
        (row) => `${JSON.stringify(Object.fromEntries(row.map((one, index) => [`c${index}`, one])))}\n`,
      )
      const json = new FlatJson(Buffer.from(lines.join('')))
      const read: unknown[][] = []
      while (json.nextRow()) {
        const row: unknown[] = []
        while (json.nextValue()) row.push(json.kind === 'text' ? json.text() : JSON.parse(json.text()))
        read.push(row)
      }
      expect(read).toEqual(JSON.parse(JSON.stringify(rows)))
    }),
  )
})
