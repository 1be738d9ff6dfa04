import { reshapeJson } from './reshape-json.js'
import { ADDED_NAME, ADDED_VALUE, type Reshaping, repeatFirst, reshapeCells } from './table-change.js'

/** Does it to every table in a body of JSON, HTML or CSV; other text stays as it is. */
export function reshape(text: string, kind: Reshaping, rows: number): string {
  const start = text.trimStart().charAt(0)
  if (start === '{' || start === '[') return reshapeJson(text, kind, rows)
  return start === '<' ? reshapeHtml(text, kind, rows) : reshapeCsv(text, kind, rows)
}

function reshapeHtml(text: string, kind: Reshaping, rows: number): string {
  const widest = Math.max(0, ...[...text.matchAll(rowShape)].map(([row]) => cellsOf(row).length))
  let left = rows
  let header = true
  return text.replace(rowShape, (row) => {
    const cells = cellsOf(row)
    if (cells.length < widest || widest < 2) return row
    const first = cells[0] ?? ''
    const start = row.slice(0, row.indexOf(first))
    const changed = `${start}${reshapeCells(cells, kind, `<td>${header ? ADDED_NAME : ADDED_VALUE}</td>`).join('')}</tr>`
    const twice = kind === 'duplicate-rows' && !header && left-- > 0
    header = false
    return twice ? changed + changed : changed
  })
}

const rowShape = /<tr\b[^>]*>.*?<\/tr>/gis

function cellsOf(row: string): string[] {
  return row.match(/<t[dh]\b[^>]*>.*?<\/t[dh]>/gis) ?? []
}

function reshapeCsv(text: string, kind: Reshaping, rows: number): string {
  const cellLines = text.split('\r\n').map(splitCsv)
  const widest = Math.max(0, ...cellLines.map((cells) => cells.length))
  if (widest < 2) return text
  const header = cellLines.findIndex((cells) => cells.length === widest)
  const changed = cellLines.map((cells, index) =>
    cells.length < widest ? cells : reshapeCells(cells, kind, index === header ? ADDED_NAME : ADDED_VALUE),
  )
  const before = changed.slice(0, header + 1)
  return [...before, ...repeatFirst(changed.slice(header + 1), kind, rows)].map((cells) => cells.join(',')).join('\r\n')
}

/** The cells of a line as they are written, quotes and all. */
function splitCsv(line: string): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (const sign of line) {
    if (sign === '"') quoted = !quoted
    if (sign === ',' && !quoted) {
      cells.push(cell)
      cell = ''
    } else cell += sign
  }
  return [...cells, cell]
}
