import { wrongOption } from './errors.js'
import type { PagePosition } from './read-sql.js'

/** Longer positions, of long texts that rows are ordered by, are told as a number of rows instead. */
const POSITION_CHARACTERS_MAX = 2_000

/** What `$skiptoken` carries: where the page before ended, and how large its pages were. */
export interface SkipToken {
  readonly after: PagePosition
  readonly pageRows: number
}

/** As text that clients need not understand; `rowsBefore` is how many rows precede the next page. */
export function writeSkipToken(position: readonly (string | null)[], rowsBefore: number, pageRows: number): string {
  const isShort = JSON.stringify(position).length <= POSITION_CHARACTERS_MAX
  return Buffer.from(JSON.stringify([pageRows, rowsBefore, isShort ? position : null])).toString('base64url')
}

/** Throws INVALID_PARAMETER for a token that is not one of this list and order. */
export function readSkipToken(text: string, terms: number): SkipToken & { readonly rowsBefore: number } {
  const [pageRows, rowsBefore, position] = parseArray(Buffer.from(text, 'base64url').toString('utf8'))
  if (isWhole(pageRows) && pageRows > 0 && isWhole(rowsBefore)) {
    if (position === null) return { after: rowsBefore, pageRows, rowsBefore }
    if (Array.isArray(position) && position.length === terms && position.every(isTextOrNull)) {
      return { after: position, pageRows, rowsBefore }
    }
  }
  throw wrongOption('$skiptoken', text, 'is none of this list and order. Follow @odata.nextLink as it came.')
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function parseArray(text: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}
