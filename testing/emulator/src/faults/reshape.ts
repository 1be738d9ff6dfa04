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
  // Where every line but the header ends with a comma, its last cell is none.
  const isRagged = (cellLines[0]?.length ?? 0) === widest - 1 && cellLines.every((cells) => isEnded(cells, widest))
  if (isRagged) {
    const bare = cellLines.map((cells) => (cells.length === widest ? cells.slice(0, -1) : cells))
    const [head = '', ...lines] = reshapeCsv(bare.map((cells) => cells.join(',')).join('\r\n'), kind, rows).split(
      '\r\n',
    )
    return [head, ...lines.map((line) => (line === '' ? line : `${line},`))].join('\r\n')
  }
  const header = cellLines.findIndex((cells) => cells.length === widest)
  const changed = cellLines.map((cells, index) =>
    cells.length < widest ? cells : reshapeCells(cells, kind, index === header ? ADDED_NAME : ADDED_VALUE),
  )
  const before = changed.slice(0, header + 1)
  return [...before, ...repeatFirst(changed.slice(header + 1), kind, rows)].map((cells) => cells.join(',')).join('\r\n')
}

function isEnded(cells: readonly string[], widest: number): boolean {
  return cells.length < widest || cells.at(-1) === ''
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
