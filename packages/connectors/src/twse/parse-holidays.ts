import { type AbsenceReason, upstreamError } from '@barkeep/core'
import { headerTable } from '../header-table.js'
import { listOf } from '../read-json.js'
import { parseTaiwanDate } from '../taiwan/dates.js'
import { readReport } from './answer.js'

/** One row of the dataset `twse_holidays`. */
export type ScheduledDay = {
  readonly date: string
  readonly name: string
  readonly description: string
  /** Whether the exchange trades on the day: the schedule also lists the days around a holiday on which it does. */
  readonly open: boolean
}

/** Days that the schedule lists although they have a session. */
const openDays = /開始交易|最後交易/

/**
 * The holiday schedule of a year. It lists days with a session too, days on which only settlement happens (closed), and
 * weekends; it never lists a typhoon.
 * Throws UPSTREAM_CHANGED, UPSTREAM_REFUSED. Source: our notes on upstreams, 1.6.
 */
export function parseHolidays(body: unknown): readonly ScheduledDay[] | AbsenceReason {
  const report = readReport(body)
  if (typeof report === 'string') return report
  const data = listOf(report.data, 'data of holidaySchedule')
  if (data.length === 0) return 'no-data'
  const table = headerTable('holidaySchedule', listOf(report.fields, 'fields of holidaySchedule'), data)
  const [day, name, description] = [table.column('日期'), table.column('名稱'), table.column('說明')]
  const days = new Map<string, ScheduledDay>()
  for (const row of table.rows) {
    const date = parseTaiwanDate(day(row))
    if (date === undefined) {
      throw upstreamError('UPSTREAM_CHANGED', `holidaySchedule: '${day(row)}' in the column '日期' is not a date.`)
    }
    const known = days.get(date)
    days.set(date, {
      date,
      name: joined(known?.name, name(row)),
      description: joined(known?.description, description(row).replaceAll('<br>', ' ')),
      // A day that two rows speak of is closed when one of them closes it.
      open: openDays.test(name(row)) && (known?.open ?? true),
    })
  }
  return [...days.values()]
}

/** What two rows say of one day, each once: the exchange has sent a row again. */
function joined(known: string | undefined, told: string): string {
  return [...new Set([...(known?.split('; ') ?? []), told])].filter((part) => part !== '').join('; ')
}
