/** Rows that a page tells for a dataset, and those that are refused, each with the reason. */
export interface KeyedRows<Row> {
  readonly rows: readonly Row[]
  readonly refused: readonly { readonly row: string; readonly reason: string }[]
}

/** One row as it stands on the page, and what it tells: a row of the dataset, or why it tells none. */
export interface ToldRow<Row> {
  readonly text: string
  readonly told: Row | string
}

/** Rows in their order. The second of an instrument is refused, since nobody knows which of the two is right. */
export function keyedRows<Row extends { readonly instrument: string }>(page: Iterable<ToldRow<Row>>): KeyedRows<Row> {
  const rows: Row[] = []
  const refused: { row: string; reason: string }[] = []
  const seen = new Set<string>()
  for (const { text, told } of page) {
    const reason = typeof told === 'string' ? told : seen.has(told.instrument) ? 'code repeats' : undefined
    if (reason !== undefined) refused.push({ row: text, reason })
    if (typeof told === 'string') continue
    if (reason === undefined) rows.push(told)
    seen.add(told.instrument)
  }
  return { rows, refused }
}
