import { wallClockOfDate } from '@barkeep/core'

const ROC_YEAR_ZERO = 1911

/** The ways in which Taiwan's upstreams write a date: western years have four digits, years of the Republic fewer. */
const styles: readonly RegExp[] = [
  // 113/11/01, 93/2/11, 2023/01/30, 2026-02-11
  /^(\d{2,4})[/-](\d{1,2})[/-](\d{1,2})$/,
  // 1151007, 930211, 20241109
  /^(\d{2,4})(\d{2})(\d{2})$/,
  // 113年03月04日
  /^(\d{2,4})年(\d{1,2})月(\d{1,2})日$/,
]

/** TPEx marks the first day of a listing behind the date. */
const firstDayMark = /[＊*]$/

/** Any of Taiwan's dates as `YYYY-MM-DD`; undefined when there is no such day. */
export function parseTaiwanDate(text: string): string | undefined {
  const bare = text.trim().replace(firstDayMark, '').trim()
  for (const style of styles) {
    const match = style.exec(bare)
    if (match === null) continue
    const [, year = '', month = '', day = ''] = match
    const western = year.length === 4 ? year : String(Number(year) + ROC_YEAR_ZERO)
    const date = `${western}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
    return wallClockOfDate(date) === undefined ? undefined : date
  }
  return undefined
}

/** `2024-11-09` as `20241109`, the way in which TWSE's pages are asked. */
export function compactDate(date: string): string {
  return date.replaceAll('-', '')
}

/** `2023-01-30` as `2023/01/30`, the way in which TPEx's pages are asked. */
export function slashedDate(date: string): string {
  return date.replaceAll('-', '/')
}

/** The year of the Republic in which a western year falls. */
export function rocYear(year: number): number {
  return year - ROC_YEAR_ZERO
}

/** `112` as 2023. */
export function westernYear(roc: number): number {
  return roc + ROC_YEAR_ZERO
}
