import { isDate, taipeiDate } from '../market/taipei-time.js'

/** The date that a question names, western with slashes; today where it names none. */
export function askedDate(query: URLSearchParams, nowMs: number): string {
  const date = query.get('date')?.replaceAll('/', '-') ?? ''
  return isDate(date) ? date : taipeiDate(nowMs)
}
