/** The files of a new connector by name: the smallest that is whole, with daily bars of one instrument a page. */
export function connectorFiles(id) {
  return {
    'index.ts': index(id),
    'daily-bars.ts': handler(id),
    'parse-daily-bars.ts': parser(id),
    'daily-bars.test.ts': test(id),
    'fixtures/daily-bars.json': fixture,
    'README.md': readme(id),
  }
}

const index = (id) => `import { defineConnector } from '../define-connector.js'
import { dailyBars } from './daily-bars.js'

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
      exchanges: ['NASDAQ'],
      per: 'instrument',
      since: null,
      bytesPerPage: 100_000,
      handler: 'dailyBars',
      *params({ instruments, start, end }) {
        for (const { instrument, exchange } of instruments) {
          if (exchange === 'NASDAQ') yield { instrument, start, end }
        }
      },
    },
  },
})
`

const handler = (id) => `import { type Handler, parseInstrument } from '@barkeep/core'
import { readJson } from '../read-json.js'
import { refusalOf } from '../refusal-of.js'
import { parseDailyBars } from './parse-daily-bars.js'

export type DailyBarsParams = {
  /** Such as \`NASDAQ:AAPL\`. */
  readonly instrument: string
  /** Session dates, half-open. */
  readonly start: string
  readonly end: string
}

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

  const bars = parseDailyBars(readJson(page), instrument)
  const covers = [{ scope: instrument, of: '1d', start, end }]
  if (bars.length === 0) return { task, data: { absence: 'no-data', covers }, nextTasks: [] }
  return { task, data: { bars: [{ interval: '1d', bars }], covers }, nextTasks: [] }
}
`

const parser = (
  id,
) => `import { type Bar, builtInExchanges, formatInstant, parseInstrument, sessionOf, upstreamError } from '@barkeep/core'
import { listOf, recordOf, textOf } from '../read-json.js'

/** Columns by the names that the upstream gives them, never by their place. */
const columns = { open: 'o', high: 'h', low: 'l', close: 'c', volume: 'v' } as const

/** The bars of a page, as the upstream orders them. Throws UPSTREAM_CHANGED when the page has another shape. */
export function parseDailyBars(answer: unknown, instrument: string): Bar[] {
  const code = parseInstrument(instrument).exchange
  const exchange = builtInExchanges.find((known) => known.code === code)
  if (exchange === undefined) throw new RangeError(\`The exchange \${code} is not built in.\`)
  return listOf(recordOf(answer, 'the page').days, "'days' of the page").map((entry) => {
    const day = recordOf(entry, 'a day')
    const number = (name: keyof typeof columns): number => {
      const value = Number(textOf(day[columns[name]]) || Number.NaN)
      if (Number.isNaN(value)) throw upstreamError('UPSTREAM_CHANGED', \`${id}: '\${columns[name]}' is missing in a day.\`)
      return value
    }
    return {
      instrument,
      ts: formatInstant(sessionOf(exchange, textOf(day.date)).openMs),
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

test('a page becomes bars in the convention of Barkeep', async () => {
  const context = fakeContext({ now, answers: [{ body: fixture(import.meta.url, 'daily-bars.json') }] })
  const { data, nextTasks } = await dailyBars(task, context)
  expect(context.asked.map(({ url }) => url)).toEqual(['https://${id}.example/daily?symbol=AAPL&from=2024-01-02&to=2024-01-04'])
  expect(data).toMatchObject({
    bars: [{ interval: '1d', bars: [{ ts: '2024-01-02T14:30:00Z', close: 10.5 }, { ts: '2024-01-03T14:30:00Z', volume: 200 }] }],
    covers: [{ scope: 'NASDAQ:AAPL', of: '1d', start: '2024-01-02', end: '2024-01-04' }],
  })
  expect(nextTasks).toEqual([])
})

test('no days are an absence, not a failure', async () => {
  const context = fakeContext({ now, answers: [{ body: '{"days":[]}' }] })
  expect((await dailyBars(task, context)).data).toMatchObject({ absence: 'no-data' })
})

test.each([
  ['a ban', { status: 403, body: 'go away' }, 'UPSTREAM_BANNED'],
  ['too many requests', { status: 429, body: 'slow down' }, 'UPSTREAM_RATE_LIMITED'],
  ['another shape', { body: '{"rows":[]}' }, 'UPSTREAM_CHANGED'],
  ['a column that is gone', { body: '{"days":[{"date":"2024-01-02","o":1,"h":1,"l":1,"c":1}]}' }, 'UPSTREAM_CHANGED'],
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
`
