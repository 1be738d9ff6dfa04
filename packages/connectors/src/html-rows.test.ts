import { expect, test } from 'vitest'
import { htmlRows } from './html-rows.js'

const rowsOf = (html: string) => [...htmlRows(html)].flat()

test('rows of a table within a cell stand beside those around it, each cell with its own text', () => {
  const html = `<html><body><table><tr><td><br><table border=0><tr><th class=tt>產業別：甲</th><th>單位</th></tr>
    <tr><td colspan=2><TABLE><TR align=right><Td nowrap>  1,204 </td><td>&nbsp;</td><td>甲<br>乙&#22531;</td></TR></TABLE></td></tr></table></td></tr></table></body></html>`
  expect(rowsOf(html).map((row) => row.map(({ text }) => text))).toEqual([
    [''],
    ['產業別：甲', '單位'],
    [''],
    ['1,204', '', '甲乙堃'],
  ])
})

test('cells tell whether they are headers, and what they span', () => {
  const html = '<table><tr><th colspan=2>一</th><th rowspan="2">二</th><td colspan=x rowspan=0>三</td></tr></table>'
  expect(rowsOf(html)).toEqual([
    [
      { text: '一', isHeader: true, columns: 2, rows: 1 },
      { text: '二', isHeader: true, columns: 1, rows: 2 },
      { text: '三', isHeader: false, columns: 1, rows: 1 },
    ],
  ])
})

test('a long page comes in pieces, and loses no row between them', () => {
  const html = `<table>${Array.from({ length: 1_001 }, (_, index) => `<tr><td>${index}</td></tr>`).join('\n')}</table>`
  const pieces = [...htmlRows(html)]
  expect(pieces.length).toBeGreaterThan(1)
  expect(pieces.flat().map(([cell]) => cell?.text)).toEqual(Array.from({ length: 1_001 }, (_, index) => String(index)))
  expect(rowsOf('<html><body>系統維護中</body></html>')).toEqual([])
})
