import { type Answer, jsonAnswer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import { taipeiDate, weekdayOf } from '../market/taipei-time.js'
import type { Truth } from '../market/truth.js'
import { rocCompact, rocYear } from './format.js'

const weekdays = ['日', '一', '二', '三', '四', '五', '六']

/** The schedule of the current year; `queryYear` is taken and changes nothing. */
export const holidaySchedule: readonly Route[] = [
  { path: '/rwd/zh/holidaySchedule/holidaySchedule', answer: answerJson },
  { path: '/v1/holidaySchedule/holidaySchedule', answer: answerOpenData },
  { path: '/holidaySchedule/holidaySchedule', answer: answerJson },
]

interface Entry {
  readonly date: string
  readonly name: string
  readonly description: string
  /** The list also holds days on which the exchange trades. */
  readonly open: boolean
}

/** Closed days, weekends among them, and the first and last sessions around the new years; never a typhoon. */
function entriesOf(truth: Truth, nowMs: number): Entry[] {
  const year = Number(taipeiDate(nowMs).slice(0, 4))
  const holidays = truth.calendar.holidays(year)
  const closed = holidays.map(({ date, name, settlementOnly }) => ({
    date,
    name,
    description: settlementOnly ? '' : name.endsWith('補假') ? '補假。' : '依規定放假1日。',
    open: false,
  }))
  const lunar = holidays.filter(({ name, settlementOnly }) => settlementOnly || name.startsWith('農曆'))
  const before = (date: string) => truth.calendar.sessions(`${year - 1}-12-01`, date).at(-1)
  const after = (date: string) => truth.calendar.sessions(date, `${year}-12-31`)[0]
  const sessions = [
    [after(`${year}-01-01`), '國曆新年開始交易日', '國曆新年開始交易。'],
    [before(lunar[0]?.date ?? ''), '農曆春節前最後交易日', '農曆春節前最後交易。'],
    [after(lunar.at(-1)?.date ?? ''), '農曆春節後開始交易日', '農曆春節後開始交易。'],
  ] as const
  const open = sessions.flatMap(([date, name, description]) =>
    date === undefined ? [] : [{ date, name, description, open: true }],
  )
  return [...closed, ...open].sort((a, b) => (a.date < b.date ? -1 : 1))
}

function answerJson({ truth, nowMs, query }: RouteRequest): Answer {
  if (query.get('response') === 'csv') return answerCsv(truth, nowMs)
  return jsonAnswer({
    stat: 'ok',
    fields: ['日期', '名稱', '說明'],
    data: entriesOf(truth, nowMs).map(({ date, name, description }) => [date, name, description]),
  })
}

function answerOpenData({ truth, nowMs }: RouteRequest): Answer {
  return jsonAnswer(
    entriesOf(truth, nowMs).map(({ date, name, description }) => ({
      Name: name,
      Date: rocCompact(date),
      Weekday: weekdays[weekdayOf(date)],
      Description: description,
    })),
  )
}

/** Big5; a title stands above the header, dates lack the year, and `o` marks the days that trade. */
function answerCsv(truth: Truth, nowMs: number): Answer {
  const rows = entriesOf(truth, nowMs).map(({ date, name, description, open }) => {
    const day = `${Number(date.slice(5, 7))}月${Number(date.slice(8))}日`
    return [name, day, weekdays[weekdayOf(date)], description, open ? 'o' : ''].map((cell) => `"${cell}"`).join(',')
  })
  const title = `"${rocYear(taipeiDate(nowMs))}年市場開休市日期"`
  const text = `${[title, '"名稱","日期","星期","說明","備註"', ...rows].join('\r\n')}\r\n`
  return textAnswer(text, 'text/csv;charset=MS950', { charset: 'big5' })
}
