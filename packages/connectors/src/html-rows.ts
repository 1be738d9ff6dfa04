import { load } from 'cheerio/slim'

/** Rows in a piece: few enough that one is some 15 ms of work, however many cells they have. */
const ROWS_PER_PIECE = 100

/** One cell of a table as it is written. */
export interface HtmlCell {
  /** Trimmed. */
  readonly text: string
  /** Whether it is a `th`. */
  readonly isHeader: boolean
  /** How many columns and rows it spans. */
  readonly columns: number
  readonly rows: number
}

/**
 * The rows of all tables of a page, in their order, a piece of the page at a time: no tree of the whole page is made, and
 * between two pieces the process can do something else. A table within a cell has its rows where they stand.
 */
export function* htmlRows(html: string): Generator<HtmlCell[][]> {
  const pieces = html
    .replaceAll(/<\/?table\b[^>]*>/gi, '')
    .split(/<tr(?=[\s>])/i)
    .slice(1)
  for (let first = 0; first < pieces.length; first += ROWS_PER_PIECE) {
    const piece = pieces.slice(first, first + ROWS_PER_PIECE)
    // htmlparser2 takes rows without their table and is three times as fast here as the parser of whole documents.
    const $ = load(`<tr${piece.join('<tr')}`, { xml: { xmlMode: false, decodeEntities: true } }, false)
    yield $('tr')
      .toArray()
      .map((row) =>
        $(row)
          .children('td, th')
          .toArray()
          .map((cell) => ({
            text: $(cell).text().trim(),
            isHeader: cell.name === 'th',
            columns: spanOf($(cell).attr('colspan')),
            rows: spanOf($(cell).attr('rowspan')),
          })),
      )
  }
}

function spanOf(text: string | undefined): number {
  const span = Number(text ?? 1)
  return Number.isInteger(span) && span > 0 ? span : 1
}
