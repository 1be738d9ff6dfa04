import { isUtf8 } from 'node:buffer'
import { type UpstreamPage, upstreamError } from '@barkeep/core'
import { excerptOf, refusalOf } from '../refusal-of.js'

const dateError = /日期時間錯誤|DateTime error/

/**
 * The text of a page of CSV in MS950. Throws UPSTREAM_REFUSED for the box about a wrong date, UPSTREAM_FAILED for another
 * page of HTML, for nothing and for another encoding, and what `refusalOf` makes of an error status.
 */
export function readCsvText(page: UpstreamPage): string {
  if (page.status !== 200) throw refusalOf(page)
  const text = csvTextOf(page.body)
  if (!text.trimStart().startsWith('<')) return text
  const said = page.text()
  if (dateError.test(said)) throw upstreamError('UPSTREAM_REFUSED', 'TAIFEX refuses the date that it was asked for.')
  throw upstreamError('UPSTREAM_FAILED', `TAIFEX answers with a page of HTML: ${excerptOf(said)}`)
}

/** Decodes MS950. Throws UPSTREAM_FAILED for nothing, and for what is UTF-8: Chinese in MS950 never is. */
export function csvTextOf(body: Uint8Array): string {
  if (body.length === 0) throw upstreamError('UPSTREAM_FAILED', 'TAIFEX answers with nothing.')
  const isHtml = body[0] === '<'.charCodeAt(0)
  if (!isHtml && isUtf8(body)) throw upstreamError('UPSTREAM_FAILED', 'TAIFEX answers in UTF-8 instead of MS950.')
  return new TextDecoder('big5').decode(body)
}

/** The cells of a line of CSV without quotes; some lines end with a comma, which makes no cell. */
export function cellsOf(line: string, columns: number): string[] {
  const cells = line.split(',')
  return cells.length === columns + 1 && cells.at(-1)?.trim() === '' ? cells.slice(0, -1) : cells
}
