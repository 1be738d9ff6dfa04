import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerTable } from './header-table.js'

describe('a table', () => {
  it('finds its columns by name, with blanks and in whatever order', () => {
    const table = headerTable('T', ['日 期', ' 收盤 '], [['113/03/06', ' 20.10 ']])
    const [date, close] = [table.column('日期'), table.column('收盤價', '收盤')]
    expect(table.rows.map((row) => [date(row), close(row)])).toEqual([['113/03/06', '20.10']])
  })

  it('reads alike whatever the order of its columns', () => {
    const names = ['a', 'b', 'c', 'd']
    fc.assert(
      fc.property(
        fc.shuffledSubarray(names, { minLength: 4 }),
        fc.array(fc.integer(), { minLength: 4, maxLength: 4 }),
        (order, values) => {
          const cells = order.map((name) => values[names.indexOf(name)] ?? 0)
          const table = headerTable('T', order, [cells])
          const [row = []] = table.rows
          return names.every((name, index) => table.column(name)(row) === String(values[index]))
        },
      ),
    )
  })

  it('has numbers and null as texts', () => {
    const table = headerTable('T', ['a', 'b'], [[110, null]])
    expect([table.column('a')(table.rows[0] ?? []), table.column('b')(table.rows[0] ?? [])]).toEqual(['110', ''])
  })

  it.each([
    ['lacks a column', () => headerTable('T', ['a'], []).column('b'), "the column 'b' is missing among a"],
    ['has it twice', () => headerTable('T', ['a', 'a'], []).column('a'), "the column 'a' is there twice"],
    ['has a row that is too short', () => headerTable('T', ['a', 'b'], [['1']]), 'row 0 has 1 cells'],
    ['has a row that is too long', () => headerTable('T', ['a'], [['1'], ['1', '2']]), 'row 1 has 2 cells'],
    ['has a row that is none', () => headerTable('T', ['a'], ['1']), 'row 0 has no cells'],
  ])('that %s has changed', (_, read, message) => {
    expect(read).toThrow(
      expect.objectContaining({ code: 'UPSTREAM_CHANGED', message: expect.stringContaining(message) }),
    )
  })

  it('may lack a column that only some eras have', () => {
    expect(headerTable('T', ['a'], []).optionalColumn('b')).toBeUndefined()
  })
})
