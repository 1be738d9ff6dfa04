import { bridgeDates, extraSessionDates, typhoonDates } from './calendar-exceptions.js'
import { wholeOf } from './noise.js'
import { addDays, weekdayOf } from './taipei-time.js'

/** The market's history begins when the exchange's own began on the web. */
export const FIRST_DATE = '2004-02-11'
const LAST_YEAR = 2035

export interface Holiday {
  readonly date: string
  readonly name: string
  /** The exchange is closed but settles trades, as on the last days before the lunar year. */
  readonly settlementOnly: boolean
}

export type Closure = 'weekend' | 'holiday' | 'typhoon' | 'outside-history'

export interface TaiwanCalendar {
  /** Why there is no session on a date; undefined when there is one. */
  closure(date: string): Closure | undefined
  /** Session dates in `[start, end)`, ascending. */
  sessions(start: string, end: string): readonly string[]
  /** Position of the first session on or after a date. */
  indexFrom(date: string): number
  /** Position of a session date in the whole history; -1 when it is none. */
  indexOf(date: string): number
  /** The session date at a position. */
  at(index: number): string | undefined
  /** What the exchange's schedule of a year lists as closed. Typhoons are in no schedule. */
  holidays(year: number): readonly Holiday[]
}

/** Typhoons of this year and later are the seed's own. */
const SEEDED_TYPHOONS_SINCE = 2026

/**
 * Session dates: weekdays less national and lunar holidays, their substitutes and typhoon days, and what no rule tells.
 * Until 2025 they are those of the exchange itself, as far as they could be checked; later years follow the rules alone.
 */
export function createTaiwanCalendar(seed: number): TaiwanCalendar {
  const holidaysByYear = new Map<number, readonly Holiday[]>()
  const typhoons = new Set(typhoonDates)
  const closed = new Set<string>()
  const extraSessions = new Set(extraSessionDates)
  const firstYear = Number(FIRST_DATE.slice(0, 4))
  for (let year = firstYear; year <= LAST_YEAR; year++) {
    const holidays = holidaysOf(year).filter(({ date }) => !extraSessions.has(date))
    holidaysByYear.set(year, holidays)
    for (const { date } of holidays) closed.add(date)
    if (year >= SEEDED_TYPHOONS_SINCE) typhoons.add(seededTyphoon(seed, year, closed))
  }

  function closureByRule(date: string): Closure | undefined {
    if (extraSessions.has(date)) return undefined
    if (isWeekend(date)) return 'weekend'
    if (closed.has(date)) return 'holiday'
    return typhoons.has(date) ? 'typhoon' : undefined
  }

  const dates: string[] = []
  for (let date = FIRST_DATE; date <= `${LAST_YEAR}-12-31`; date = addDays(date, 1)) {
    if (closureByRule(date) === undefined) dates.push(date)
  }
  const indexes = new Map(dates.map((date, index) => [date, index]))

  return {
    closure(date) {
      if (indexes.has(date)) return undefined
      return date < FIRST_DATE || date > `${LAST_YEAR}-12-31` ? 'outside-history' : closureByRule(date)
    },
    sessions: (start, end) => dates.slice(lowerBound(dates, start), lowerBound(dates, end)),
    indexFrom: (date) => lowerBound(dates, date),
    indexOf: (date) => indexes.get(date) ?? -1,
    at: (index) => dates[index],
    holidays: (year) => holidaysByYear.get(year) ?? [],
  }
}

const computedHolidays = new Map<number, readonly Holiday[]>()

/** The same for every seed, and the lunar calendar is slow to ask: computed once a year. */
function holidaysOf(year: number): readonly Holiday[] {
  let holidays = computedHolidays.get(year)
  if (holidays === undefined) {
    holidays = computeHolidays(year)
    computedHolidays.set(year, holidays)
  }
  return holidays
}

function computeHolidays(year: number): Holiday[] {
  const national: [string, string][] = [
    [`${year}-01-01`, '中華民國開國紀念日'],
    [`${year}-02-28`, '和平紀念日'],
    [`${year}-04-05`, '民族掃墓節'],
    [`${year}-05-01`, '勞動節'],
    [`${year}-10-10`, '國慶日'],
  ]
  if (year >= 2011) national.push([`${year}-04-04`, '兒童節'])
  if (year >= 2025) {
    national.push([`${year}-09-28`, '孔子誕辰紀念日'], [`${year}-10-25`, '臺灣光復節'], [`${year}-12-25`, '行憲紀念日'])
  }
  const newYear = lunarDate(year, 1, 1, '01-20')
  const lunar: [string, string][] = [
    [addDays(newYear, -1), '農曆除夕'],
    [newYear, '農曆春節'],
    [addDays(newYear, 1), '農曆春節'],
    [addDays(newYear, 2), '農曆春節'],
    [lunarDate(year, 5, 5, '05-25'), '端午節'],
    [lunarDate(year, 8, 15, '09-05'), '中秋節'],
  ]
  const holidays = new Map<string, Holiday>()
  for (const [date, name] of [...lunar, ...national]) holidays.set(date, { date, name, settlementOnly: false })
  for (const [date, name] of [...lunar, ...national]) {
    const substitute = substituteOf(date, name, holidays)
    if (substitute !== undefined && year >= SUBSTITUTES_SINCE) {
      holidays.set(substitute, { date: substitute, name: `${name}補假`, settlementOnly: false })
    }
  }
  for (const date of bridgeDates) {
    if (Number(date.slice(0, 4)) === year) holidays.set(date, { date, name: '調整放假', settlementOnly: false })
  }
  let settlement = addDays(newYear, -1)
  for (let days = 0; days < 2; ) {
    settlement = addDays(settlement, -1)
    if (isWeekend(settlement) || holidays.has(settlement)) continue
    const name = '市場無交易，僅辦理結算交割作業'
    holidays.set(settlement, { date: settlement, name, settlementOnly: true })
    days++
  }
  return [...holidays.values()].sort((a, b) => (a.date < b.date ? -1 : 1))
}

const SUBSTITUTES_SINCE = 2015

/** A holiday on Saturday moves to Friday, one on Sunday to Monday; those of the lunar year move to its end. */
function substituteOf(date: string, name: string, taken: ReadonlyMap<string, Holiday>): string | undefined {
  if (!isWeekend(date)) return undefined
  const forward = name.startsWith('農曆') || weekdayOf(date) === 0
  let substitute = date
  do substitute = addDays(substitute, forward ? 1 : -1)
  while (isWeekend(substitute) || taken.has(substitute))
  return substitute
}

const lunarParts = new Intl.DateTimeFormat('en-u-ca-chinese', { timeZone: 'UTC', month: 'numeric', day: 'numeric' })

/** The date of a day of the lunar calendar, looked for from `MM-DD` on. A leap month's name differs, so it never matches. */
function lunarDate(year: number, month: number, day: number, from: string): string {
  for (let days = 0, date = `${year}-${from}`; days < 45; days++, date = addDays(date, 1)) {
    const parts = lunarParts.formatToParts(new Date(`${date}T12:00:00Z`))
    const value = (type: string) => parts.find((part) => part.type === type)?.value
    if (value('month') === String(month) && value('day') === String(day)) return date
  }
  throw new RangeError(`No lunar ${month}/${day} in ${year}. This build of Node lacks the Chinese calendar.`)
}

function seededTyphoon(seed: number, year: number, closed: ReadonlySet<string>): string {
  let date = addDays(`${year}-08-01`, wholeOf(0, 50, seed, 'typhoon', year))
  while (isWeekend(date) || closed.has(date)) date = addDays(date, 1)
  return date
}

function isWeekend(date: string): boolean {
  const weekday = weekdayOf(date)
  return weekday === 0 || weekday === 6
}

function lowerBound(dates: readonly string[], date: string): number {
  let low = 0
  let high = dates.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((dates[middle] ?? '') < date) low = middle + 1
    else high = middle
  }
  return low
}
