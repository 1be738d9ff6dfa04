/** Changes to a table of which a parser must notice or survive each one. */
export type Reshaping = 'column-added' | 'column-moved' | 'duplicate-rows'

/** Where a new column goes in, and what is in it: third, as when the closing price came into BWIBBU_d. */
const ADDED_AT = 2
export const ADDED_NAME = '新增欄位'
export const ADDED_VALUE = '0'

/** The cells of one row after the change; `added` is what stands in a new column. */
export function reshapeCells<Cell>(cells: readonly Cell[], kind: Reshaping, added: Cell): Cell[] {
  if (kind === 'column-added') return [...cells.slice(0, ADDED_AT), added, ...cells.slice(ADDED_AT)]
  const last = cells.at(-1)
  if (kind === 'duplicate-rows' || last === undefined) return [...cells]
  return [...cells.slice(0, 1), last, ...cells.slice(1, -1)]
}

/** The first rows come twice. */
export function repeatFirst<Row>(list: readonly Row[], kind: Reshaping, rows: number): Row[] {
  return kind === 'duplicate-rows' ? [...list.slice(0, rows), ...list] : [...list]
}
