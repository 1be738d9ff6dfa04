/**
 * The files of a new connector by name: the smallest that is whole, with daily bars of one instrument a page. They are written
 * as the formatter writes them: no line may become too long, or short enough to be joined, with another id.
 */
export function connectorFiles(id) {
  return {
    'index.ts': index(id),
    'exchange.ts': exchange,
    'daily-bars.ts': handler(id),
    'parse-daily-bars.ts': parser(id),
    'daily-bars.test.ts': test(id),
    'fixtures/daily-bars.json': fixture,
    'README.md': readme(id),
  }
}

const index = (id) => `import { addDays, earlier, later } from '../date-steps.js'
import { defineConnector } from '../define-connector.js'
import { dailyBars } from './daily-bars.js'
import { nasdaq } from './exchange.js'

export const ${id} = defineConnector({
  id: '${id}',
  title: '${id}',
  homepage: 'https://${id}.example/',
  // What the upstream documents, or a cautious choice that says so.
  limits: [{ requests: 1, perMs: 1_000, per: 'host', host: '${id}.example' }],
  credentials: [],
  datasets: [],
  handlers: { dailyBars },
  crawls: {
    'daily-bars': {
      title: 'Daily bars, all dates of an instrument in one page',
      of: '1d',
      exchanges: [nasdaq.code],
      per: 'instrument',
      since: null,
      bytesPerPage: 100_000,
      handler: 'dailyBars',
      *params({ instruments, start, end }) {
        for (const { instrument, exchange, listed, delisted } of instruments) {
          if (exchange !== nasdaq.code) continue
          const first = later(start, listed)
          const last = earlier(end, delisted === null ? null : addDays(delisted, 1))
          if (first < last) yield { instrument, start: first, end: last }
        }
      },
    },
  },
})
`

const exchange = `import { builtInExchanges, type Exchange } from '@barkeep/core'

/** Whose bars are brought. */
export const nasdaq = exchangeOf('NASDAQ')

function exchangeOf(code: string): Exchange {
  const exchange = builtInExchanges.find((known) => known.code === code)
  if (exchange === undefined) throw new RangeError(\`The exchange \${code} is not built in.\`)
  return exchange
}
`

const handler = (id) => `import {
  type Bar,
  dateOfWallClock,
  type Handler,
  parseInstrument,
  sessionDateOf,
  wallClockOfInstant,
} from '@barkeep/core'
import { readJson } from '../read-json.js'
import { refusalOf } from '../refusal-of.js'
import { spokenFor } from '../spoken-for.js'
import { nasdaq } from './exchange.js'
import { parseDailyBars } from './parse-daily-bars.js'

export type DailyBarsParams = {
  /** Such as \`NASDAQ:AAPL\`. */
  readonly instrument: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

/** From this hour of the exchange on a day is settled: what the upstream documents, or a cautious choice that says so. */
const SETTLED_MS = 18 * 3_600_000

/**
 * Daily bars of one instrument. Prices in USD, unadjusted; volume in shares; \`ts\` is the session open in UTC.
 * Throws UPSTREAM_CHANGED, and what refusalOf makes of an error status. Source: say where the format is documented.
 */
export const dailyBars: Handler<DailyBarsParams> = async (task, context) => {
  const { instrument, start, end } = task.params
  const { symbol } = parseInstrument(instrument)
  const page = await context.fetch({
    url: \`https://${id}.example/daily?symbol=\${encodeURIComponent(symbol)}&from=\${start}&to=\${end}\`,
  })
  if (page.status !== 200) throw refusalOf(page)

  // A day that is not over may still change, and is not covered.
  const settled = dateOfWallClock(wallClockOfInstant(nasdaq.timeZone, context.now()) - SETTLED_MS)
  const isRunning = ({ ts }: Bar) => sessionDateOf(nasdaq, Date.parse(ts)) > settled
  const told = parseDailyBars(readJson(page), instrument)
  const bars = told.map((bar) => (isRunning(bar) ? { ...bar, final: false } : bar))
  const trust = { settledThrough: settled, silentThrough: settled }
  const covers = spokenFor({ scope: instrument, of: '1d', start, end }, undefined, trust)
  if (bars.length === 0) return { task, data: { absence: 'no-data', covers }, nextTasks: [] }
  return { task, data: { bars: [{ interval: '1d', bars }], covers }, nextTasks: [] }
}
`

const parser = (
  id,
) => `import { type Bar, formatInstant, sessionOf, upstreamError, wallClockOfDate } from '@barkeep/core'
import { listOf, recordOf, textOf } from '../read-json.js'
import { nasdaq } from './exchange.js'

/** Columns by the names that the upstream gives them, never by their place. */
const columns = { open: 'o', high: 'h', low: 'l', close: 'c', volume: 'v' } as const

/** The bars of a page, as the upstream orders them. Throws UPSTREAM_CHANGED when the page has another shape. */
export function parseDailyBars(answer: unknown, instrument: string): Bar[] {
  return listOf(recordOf(answer, 'the page').days, "'days' of the page").map((entry) => {
    const day = recordOf(entry, 'a day')
    const number = (name: keyof typeof columns): number => {
      const value = Number(textOf(day[columns[name]]) || Number.NaN)
      if (Number.isNaN(value)) throw changed(\`'\${columns[name]}' of a day is no number\`)
      return value
    }
    const date = textOf(day.date)
    if (wallClockOfDate(date) === undefined) throw changed(\`'\${date}' is no date\`)
    return {
      instrument,
      ts: formatInstant(sessionOf(nasdaq, date).openMs),
      open: number('open'),
      high: number('high'),
      low: number('low'),
      close: number('close'),
      volume: number('volume'),
      turnover: null,
      trades: null,
    }
  })
}

function changed(fault: string) {
  return upstreamError('UPSTREAM_CHANGED', \`${id}: \${fault}.\`)
}
`

const test = (id) => `import { expect, test } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { dailyBars } from './daily-bars.js'

const task = {
  connector: '${id}',
  handler: 'dailyBars',
  params: { instrument: 'NASDAQ:AAPL', start: '2024-01-02', end: '2024-01-04' },
}
const now = '2024-02-01T00:00:00Z'
const told = { body: fixture(import.meta.url, 'daily-bars.json') }

test('a page becomes bars in the convention of Barkeep', async () => {
  const context = fakeContext({ now, answers: [told] })
  const { data, nextTasks } = await dailyBars(task, context)
  const [asked] = context.asked
  expect(new URL(asked?.url ?? '').search).toBe('?symbol=AAPL&from=2024-01-02&to=2024-01-04')
  expect(data).toMatchObject({
    bars: [
      {
        interval: '1d',
        bars: [
          { ts: '2024-01-02T14:30:00Z', open: 10, high: 11, low: 9, close: 10.5, volume: 100 },
          { ts: '2024-01-03T14:30:00Z', open: 10.5, high: 12, low: 10, close: 11, volume: 200 },
        ],
      },
    ],
    covers: [{ scope: 'NASDAQ:AAPL', of: '1d', start: '2024-01-02', end: '2024-01-04' }],
  })
  expect(nextTasks).toEqual([])
})

test('a day that is not over may still change, and is not covered', async () => {
  const { data } = await dailyBars(task, fakeContext({ now: '2024-01-03T22:59:00Z', answers: [told] }))
  expect(data).toMatchObject({
    bars: [{ bars: [{}, { final: false }] }],
    covers: [{ start: '2024-01-02', end: '2024-01-03' }],
  })
})

test('no days are an absence, not a failure', async () => {
  const context = fakeContext({ now, answers: [{ body: '{"days":[]}' }] })
  expect((await dailyBars(task, context)).data).toMatchObject({ absence: 'no-data' })
})

test.each([
  ['a ban', { status: 403, body: 'go away' }, 'UPSTREAM_BANNED'],
  ['too many requests', { status: 429, body: 'slow down' }, 'UPSTREAM_RATE_LIMITED'],
  ['a page that breaks off', { body: told.body.slice(0, 90) }, 'UPSTREAM_FAILED'],
  ['another shape', { body: '{"rows":[]}' }, 'UPSTREAM_CHANGED'],
  ['a column that is gone', { body: told.body.replaceAll('"v"', '"volume"') }, 'UPSTREAM_CHANGED'],
  ['a date of another form', { body: told.body.replaceAll('2024-01-02', '2 Jan') }, 'UPSTREAM_CHANGED'],
])('%s is a failure, never no data', async (_, answer, code) => {
  await expect(dailyBars(task, fakeContext({ now, answers: [answer] }))).rejects.toMatchObject({ code })
})
`

const fixture = `{
  "days": [
    { "date": "2024-01-02", "o": 10, "h": 11, "l": 9, "c": 10.5, "v": 100 },
    { "date": "2024-01-03", "o": 10.5, "h": 12, "l": 10, "c": 11, "v": 200 }
  ]
}
`

const readme = (id) => `# ${id}

What the upstream is, in two sentences, and what it may be used for.

| plan | pages | brings |
| --- | --- | --- |
| \`daily-bars\` | one instrument | bars of \`1d\` |

## Evidence

| fact | source | test | verified |
| --- | --- | --- | --- |
| columns \`o h l c v\` by name | its documentation | \`a page becomes bars in the convention of Barkeep\` | no |
| a day is settled by 18:00 of the exchange | nobody says: a cautious choice | \`a day that is not over may still change, and is not covered\` | no |
| no data is an empty list of days | its documentation | \`no days are an absence, not a failure\` | no |
| a refusal has an error status | its documentation | \`… is a failure, never no data\` | no |
| limits | nobody says: a cautious choice | – | no |
`
