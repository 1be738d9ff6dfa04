/** The order of year, month and day in a date as the settings of a computer write it. */
export type DateOrder = 'ymd' | 'mdy' | 'dmy'

const yearFirst = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$|^(\d{4})(\d\d)(\d\d)$/
const yearLast = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/
/** `9:01`, `09:01:00`, or the same as one number: `901`, `090100`. */
const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$|^(\d{1,2})(\d\d)(\d\d)?$/

/**
 * The text, then those of year, month, day, and of hour, minute and second where there is a time; undefined for what is not of the order.
 * Zeros may be left out, as in `2026/1/5 9:01`.
 */
export function orderedDate(order: DateOrder, text: string): readonly (string | undefined)[] | undefined {
  const [date = '', time = '', more] = text.split(/[ T]/)
  const match = (order === 'ymd' ? yearFirst : yearLast).exec(date)
  const clockMatch = time === '' ? [] : clock.exec(time)
  if (match === null || clockMatch === null || more !== undefined) return undefined
  const [, first = match[4], second = match[5], third = match[6]] = match
  const [, hour = clockMatch[4], minute = clockMatch[5], seconds = clockMatch[6]] = clockMatch
  const ordered = { ymd: [first, second, third], mdy: [third, first, second], dmy: [third, second, first] }[order]
  return [text, ...ordered, hour, minute, seconds]
}

/** Whether a text has its year last, so that its first number may be the day or the month. */
export function isYearLast(text: string): boolean {
  return yearLast.test(text.split(/[ T]/, 1)[0] ?? '')
}
