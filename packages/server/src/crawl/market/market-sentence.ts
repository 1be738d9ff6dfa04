import { BarkeepError, type KeptInterval, keptIntervals } from '@barkeep/core'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const sentence = Type.Object(
  {
    exchanges: Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { minItems: 1, maxItems: 100 }),
    intervals: Type.Array(Type.Enum([...keptIntervals]), { minItems: 1, maxItems: keptIntervals.length }),
    since: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
  },
  { additionalProperties: false },
)
const isSentences = Compile(Type.Array(sentence, { maxItems: 100 }))

/** Bars of one interval of one exchange that are to be there, from a session date on. */
export interface MarketLine {
  readonly exchange: string
  readonly interval: KeptInterval
  readonly since: string
}

/**
 * The setting `markets`: `[{"exchanges": ["TWSE"], "intervals": ["1d", "1m"], "since": "2020-01-01"}]`, as one line for
 * each exchange and interval; days come first, since they tell which minutes there should be. Of a line that is said
 * twice the earlier date counts. Throws INVALID_SETTING.
 */
export function readMarkets(declared: unknown): readonly MarketLine[] {
  if (declared === undefined) return []
  if (!isSentences.Check(declared)) {
    throw invalid('must be such as [{"exchanges": ["TWSE"], "intervals": ["1d"], "since": "2020-01-01"}]')
  }
  const lines = new Map<string, MarketLine>()
  for (const { exchanges, intervals, since } of declared satisfies readonly Static<typeof sentence>[]) {
    if (!isDate(since)) throw invalid(`since '${since}' is not a date`)
    for (const exchange of exchanges) {
      for (const interval of intervals) {
        const key = `${exchange} ${interval}`
        const known = lines.get(key)
        if (known === undefined || since < known.since) lines.set(key, { exchange, interval, since })
      }
    }
  }
  const place = ({ exchange, interval }: MarketLine) =>
    `${exchange} ${keptIntervals.length - keptIntervals.indexOf(interval)}`
  return [...lines.values()].sort((a, b) => (place(a) < place(b) ? -1 : 1))
}

function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

function invalid(message: string): BarkeepError {
  return new BarkeepError('INVALID_SETTING', { message: `markets in barkeep.config.json: ${message}.` })
}
