import type { Result } from './side-by-side.js'

const BYTES_PER_MIB = 1_024 ** 2

export interface Report {
  /** A table of ways to one result; the ratio is the speed of the first beside each. */
  results(title: string, results: readonly Result[]): void
  /** Any other table; the cells of its JSON line are those of the table. */
  table(title: string, columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void
}

/** Prints each table as Markdown and as one line of JSON, so that both people and scripts can read on. */
export function createReport(bench: string, print: (line: string) => void = console.log): Report {
  const table: Report['table'] = (title, columns, rows) => {
    print(`### ${title}\n`)
    for (const line of markdown(columns, rows)) print(line)
    print('')
    print(JSON.stringify({ bench, title, columns, rows }))
    print('')
  }
  return {
    table,
    results(title, results) {
      const [first] = results
      if (first === undefined) return
      table(
        title,
        ['way', 'rows', 'min s', 'median s', 'M rows/s', 'first : this', 'CPU s', 'peak MiB'],
        results.map((result) => [
          result.name,
          result.rows,
          rounded(result.minSeconds),
          rounded(result.medianSeconds),
          rounded(speed(result) / 1e6),
          rounded(speed(first) / speed(result)),
          result.minCpuSeconds === undefined ? '–' : rounded(result.minCpuSeconds),
          result.peakBytes === undefined ? '–' : Math.round(result.peakBytes / BYTES_PER_MIB),
        ]),
      )
    },
  }
}

/** Rows a second of the fastest run. */
export function speed({ rows, minSeconds }: Result): number {
  return rows / minSeconds
}

/** Three significant digits: more would be noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

function markdown(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)))
  const widths = columns.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(columns), line(rule), ...cells.map(line)]
}
