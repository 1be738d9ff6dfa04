import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../bench.js'
import { runTask } from '../child.js'
import { rounded } from '../report.js'
import { startServerProcess } from '../server-process.js'
import { engine } from '../tasks/engine.js'
import { requests } from '../tasks/requests.js'

const sizes = [
  { instruments: 200, dayYears: 20, minuteYears: 2 },
  { instruments: 2_000, dayYears: 20, minuteYears: 2 },
]
const LAST_DATE = '2026-11-20'
/** Minutes of a session of the exchange, from 09:00 to 13:30 in Taipei. */
const SESSION_MINUTES = 270
/** Of so many instrument-days one is missing. */
const MISSING_ONE_IN = 10_007

export const bench: Bench = {
  name: 'gaps',
  summary: 'what is missing of 200 and 2,000 instruments: 20 years of days, 2 years of minutes',
  async run({ report, rounds, directory: parent }) {
    const rows: (string | number)[][] = []
    for (const { instruments, dayYears, minuteYears } of sizes) {
      const directory = join(parent, String(instruments))
      const data = join(directory, 'data')
      await mkdir(data, { recursive: true })
      await nameInstruments(data, instruments)
      const [days, minutes] = [sessionsOf(dayYears), sessionsOf(minuteYears)]
      const statements = [
        barsOf('bars_1d', instruments, days, 1),
        barsOf('bars_1m', instruments, minutes, SESSION_MINUTES),
      ]
      await runTask(engine, { directory: join(data, 'db'), statements: statements.map((sql) => ({ sql })) })
      const server = await startServerProcess(data)
      for (const [interval, years, sessions, perSession] of [
        ['1d', dayYears, days, 1],
        ['1m', minuteYears, minutes, SESSION_MINUTES],
      ] as const) {
        const window = `start=${sessions.at(0)}&end=${sessions.at(-1)}`
        const url = `${server.url}/v1/gaps?exchange=TWSE&interval=${interval}&${window}&format=csv`
        const { output } = await runTask(requests, { urls: Array.from({ length: rounds }, () => url) })
        const seconds = Math.min(...output.map((answer) => answer.seconds))
        rows.push([
          interval,
          instruments,
          years,
          instruments * sessions.length * perSession,
          rounded(seconds),
          output[0]?.bytes ?? 0,
        ])
      }
      await server.stop()
    }
    report.table(
      'All gaps of an exchange as CSV',
      ['interval', 'instruments', 'years', 'bars kept', 'min s', 'bytes'],
      rows,
    )
  },
}

/** One bar each makes the instruments known. */
async function nameInstruments(data: string, instruments: number): Promise<void> {
  const server = await startServerProcess(data)
  const bars = Array.from({ length: instruments }, (_, number) => ({
    instrument: `TWSE:${1_001 + number}`,
    ...{ ts: `${LAST_DATE}T01:00:00Z`, open: 10, high: 11, low: 9, close: 10, volume: 1_000 },
  }))
  const answer = await fetch(`${server.url}/v1/bars/1d`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bars),
  })
  await server.stop()
  if (!answer.ok) throw new Error(`POST /v1/bars/1d answered ${answer.status}: ${await answer.text()}`)
}

/** Weekdays up to the last date, oldest first. */
function sessionsOf(years: number): string[] {
  const sessions: string[] = []
  const last = Date.parse(LAST_DATE)
  for (let at = last - years * 365.25 * 86_400_000; at <= last; at += 86_400_000) {
    const day = new Date(Math.floor(at / 86_400_000) * 86_400_000)
    if (day.getUTCDay() % 6 !== 0) sessions.push(day.toISOString().slice(0, 10))
  }
  return sessions
}

/** Bars of every instrument on every session, but for a few days. The order of the rows is that of the table. */
function barsOf(table: string, instruments: number, sessions: readonly string[], perSession: number): string {
  const seconds = sessions.map((date) => Date.parse(`${date}T01:00:00Z`) / 1_000)
  const missing = `(instrument * ${sessions.length} + session) % ${MISSING_ONE_IN} = 17`
  return `INSERT INTO ${table} SELECT toUInt32(intDiv(number, ${sessions.length * perSession})) AS instrument,
      toDateTime([${seconds}][1 + session] + 60 * (number % ${perSession}), 'UTC') AS ts,
      10, 11, 9, 10, 1000, NULL, NULL, 'bench', true, now64(3)
    FROM (SELECT number, intDiv(number, ${perSession}) % ${sessions.length} AS session FROM numbers(${instruments * sessions.length * perSession}))
    WHERE NOT (${missing}) SETTINGS max_partitions_per_insert_block = 1000`
}
