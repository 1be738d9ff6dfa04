import type { Client } from '@barkeep/client'
import type { BarBatch, Refusal } from '@barkeep/connectors'
import { BarkeepError, barColumns } from '@barkeep/core'

const header = `${barColumns.join(',')}\n`
/** Each names up to a hundred rows; a batch with more than all of them hold is not what the format says. */
const ROUNDS_MAX = 20

export interface PostedBatch {
  readonly rows: number
  readonly replaced: number
  /** Instruments that the server did not know before. */
  readonly created: readonly string[]
  /** Rows that the reader kept and the server did not. */
  readonly refused: readonly Refusal[]
}

/**
 * Posts the bars of a batch. Rows that the server refuses are left out, with where they stand, and the rest is sent again.
 * Throws INVALID_ROWS, naming file and line, when `strict` or when the server refuses too many.
 */
export async function postBatch(
  client: Pick<Client, 'createBars'>,
  batch: BarBatch,
  { source, strict }: { readonly source: string; readonly strict: boolean },
): Promise<PostedBatch> {
  // The text goes as it is unless a row is refused.
  let sent: readonly number[] | undefined
  let csv = batch.csv
  const refused: Refusal[] = []
  for (let round = 1; csv !== ''; round++) {
    try {
      const {
        rows,
        replaced,
        created_instruments: created,
      } = await client.createBars(batch.interval, header + csv, {
        contentType: 'text/csv',
        source,
      })
      return { rows, replaced, created, refused }
    } catch (error) {
      const faults = refusalsOf(error, batch, sent)
      const [first] = faults.values()
      if (first === undefined) throw error
      if (strict || round === ROUNDS_MAX) throw invalidRow(first, error)
      refused.push(...faults.values())
      const rows = sent ?? Array.from({ length: batch.rows }, (_, row) => row)
      sent = rows.filter((row) => !faults.has(row))
      const lines = batch.csv.split('\n')
      csv = sent.map((row) => `${lines[row]}\n`).join('')
    }
  }
  return { rows: 0, replaced: 0, created: [], refused }
}

/** What the server says of single rows, by their number in the batch; empty when the error is of another kind. */
function refusalsOf(
  error: unknown,
  batch: BarBatch,
  sent: readonly number[] | undefined,
): ReadonlyMap<number, Refusal> {
  const found = new Map<number, Refusal>()
  if (!(error instanceof BarkeepError) || error.code !== 'INVALID_ROWS') return found
  for (const { index, message } of error.errors) {
    const row = index === undefined ? undefined : (sent ?? { [index]: index })[index]
    if (row === undefined || row >= batch.rows) continue
    found.set(row, { ...batch.originOf(row), reason: message, text: lineOf(batch.csv, row) })
  }
  return found
}

function invalidRow({ file, line, reason, text }: Refusal, cause: unknown): BarkeepError {
  const message = `${file}, line ${line}: the server refuses it: ${reason}: ${text}`
  return new BarkeepError('INVALID_ROWS', {
    message,
    errors: [{ code: 'INVALID_ROWS', message, resource: file }],
    cause,
  })
}

function lineOf(csv: string, row: number): string {
  let from = 0
  for (let skipped = 0; skipped < row; skipped++) from = csv.indexOf('\n', from) + 1
  return csv.slice(from, csv.indexOf('\n', from))
}
