import { type AbsenceReason, type UpstreamPage, upstreamError } from '@barkeep/core'
import { type HeaderTable, headerTable } from '../header-table.js'
import { isRecord, listOf, readJson, textOf, type UnknownRecord } from '../read-json.js'
import { excerptOf, refusalOf } from '../refusal-of.js'

/** What `stat` says, with status 200 all of it. */
const sayings: readonly { readonly stat: RegExp; readonly means: 'data' | AbsenceReason }[] = [
  { stat: /^ok$/i, means: 'data' },
  { stat: /查無資料/, means: 'no-data' },
]

/** The JSON of a page of TPEx. Throws UPSTREAM_FAILED for what is no JSON, and what `refusalOf` makes of an error status. */
export function readTpexJson(page: UpstreamPage): unknown {
  if (page.status !== 200) throw refusalOf(page)
  return readJson(page)
}

/** The answer of a report, or why there is none. Throws UPSTREAM_REFUSED for a `stat` that says something else. */
export function readReport(body: unknown): UnknownRecord | AbsenceReason {
  if (!isRecord(body)) throw upstreamError('UPSTREAM_CHANGED', 'The answer of TPEx is not an object.')
  const stat = typeof body.stat === 'string' ? body.stat : undefined
  if (stat === undefined) throw upstreamError('UPSTREAM_CHANGED', "The answer of TPEx has no 'stat'.")
  const saying = sayings.find((known) => known.stat.test(stat.trim()))
  if (saying === undefined) throw upstreamError('UPSTREAM_REFUSED', `TPEx says: ${excerptOf(stat)}`)
  return saying.means === 'data' ? body : saying.means
}

/**
 * Those tables of a report that have rows, among the ones that have certain columns. An empty list means that there is
 * nothing: TPEx says `ok` all the same, with tables that are empty or with none.
 * Throws UPSTREAM_CHANGED when no table has the columns, UPSTREAM_FAILED when one has fewer rows than it says.
 */
export function readTables(what: string, { tables }: UnknownRecord, columns: readonly string[]): HeaderTable[] {
  const all = listOf(tables, `tables of ${what}`).filter(isRecord)
  if (all.length === 0) return []
  const wanted = all.filter(({ fields }) => Array.isArray(fields) && columns.every((name) => hasColumn(fields, name)))
  if (wanted.length === 0) {
    throw upstreamError('UPSTREAM_CHANGED', `${what} has no table with the columns ${columns.join(' and ')}.`)
  }
  return wanted.flatMap(({ fields, data, totalCount }) => {
    const rows = listOf(data, `data of ${what}`)
    if (typeof totalCount === 'number' && rows.length < totalCount) {
      throw upstreamError('UPSTREAM_FAILED', `${what} has ${rows.length} rows of the ${totalCount} that it tells of.`)
    }
    return rows.length === 0 ? [] : [headerTable(what, listOf(fields, `fields of ${what}`), rows)]
  })
}

function hasColumn(fields: readonly unknown[], name: string): boolean {
  return fields.some((field) => textOf(field).replaceAll(/\s/g, '') === name)
}
