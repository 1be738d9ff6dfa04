import { expect, test } from 'vitest'
import { rowInterface } from './types.js'

test('the interface of a row has its columns with their types, and null where a value can be missing', () => {
  const text = rowInterface({
    name: 'twse-daily_values',
    title: 'Values */ of\na day',
    licence: null,
    source: null,
    key: ['code', 'day'],
    columns: [
      { name: 'code', type: 'string', nullable: false },
      { name: 'day', type: 'date', nullable: false },
      { name: '本益比', type: 'number', nullable: true, title: 'Price to earnings' },
      { name: 'at', type: 'instant', nullable: true, title: 'Read' },
      { name: 'lots', type: 'integer', nullable: true },
      { name: 'final', type: 'boolean', nullable: true },
      { name: 'm²', type: 'number', nullable: false },
    ],
  })
  expect(text).toBe(`/** A row of Values * / of a day. Key: code, day. */
export interface TwseDailyValuesRow {
  readonly code: string
  /** YYYY-MM-DD */
  readonly day: string
  /** Price to earnings */
  readonly 本益比: number | null
  /** Read; ISO 8601, UTC */
  readonly at: string | null
  readonly lots: number | null
  readonly final: boolean | null
  readonly 'm²': number
}
`)
})
