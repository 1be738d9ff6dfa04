import { newline } from '../formats/rows-writer.js'
import { wholeLines } from '../formats/whole-lines.js'
import { writeCursor } from './bars-request.js'

/** A page that is cut out of the rows on their way, so that its end costs no query of its own. */
export interface BarsPage {
  /** Of JSON lines of up to one bar more than the page holds, those of the page. Each line needs `instrument` and `ts`. */
  cut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
  /** The cursor of the next page, null after the last; never told before the rows are through. */
  nextCursor(): Promise<string | null>
}

/** A page of `limit` bars; `idOf` gives the number of an instrument, in whose order the bars come. */
export function barsPage(limit: number, idOf: (instrument: string) => number | undefined): BarsPage {
  let tell: (cursor: string | null) => void = () => {}
  // Of rows that break off nothing is told: their answer breaks off, too.
  const told = new Promise<string | null>((resolve) => {
    tell = resolve
  })
  return {
    async *cut(chunks) {
      let left = limit
      let lastLine = ''
      let isFollowed = false
      for await (const lines of wholeLines(chunks, Number.POSITIVE_INFINITY)) {
        let end = 0
        let lastStart = 0
        while (left > 0 && end < lines.byteLength) {
          lastStart = end
          end = lines.indexOf(newline, end) + 1
          left -= 1
        }
        isFollowed ||= end < lines.byteLength
        if (end === 0) continue
        // Read before it is passed on: whoever writes the answer may write into the bytes.
        lastLine = Buffer.from(lines.subarray(lastStart, end)).toString()
        yield lines.subarray(0, end)
      }
      tell(isFollowed ? cursorAt(lastLine, idOf) : null)
    },
    nextCursor: () => told,
  }
}

function cursorAt(line: string, idOf: (instrument: string) => number | undefined): string {
  const { instrument, ts } = JSON.parse(line) as { instrument: string; ts: string } // as the engine writes a bar
  const id = idOf(instrument)
  if (id === undefined) throw new Error(`A page ends with ${instrument}, which has no number.`)
  return writeCursor(id, Date.parse(ts) / 1_000)
}
