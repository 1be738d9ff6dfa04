import { BarkeepError, type Connector, isTopic, parseInstrument, type Topic } from '@barkeep/core'

/** What one connector is to listen to: `connectors.<id>.live`. */
export interface LiveWish {
  readonly topics: readonly Topic[]
  /** Each once. */
  readonly instruments: readonly string[]
}

/**
 * `{"instruments": ["TWSE:2330"], "topics": ["kmin"]}`, as an object or as its JSON; all topics that the connector has where
 * none is named. Throws INVALID_SETTING, naming the setting by `where`.
 */
export function readLiveWish({ id, live = {} }: Connector, value: unknown, where: string): LiveWish {
  const invalid = (fault: string) => new BarkeepError('INVALID_SETTING', { message: `${where} ${fault}.` })
  const wish = typeof value === 'string' ? parsed(value) : value
  const offered = Object.keys(live).filter(isTopic)
  const example = 'such as {"instruments": ["TWSE:2330"], "topics": ["kmin"]}'
  if (!isRecord(wish)) throw invalid(`must be an object ${example}`)
  const { instruments, topics = offered, ...others } = wish
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`has no '${unknown}'; it is ${example}`)
  if (!isTexts(instruments)) throw invalid(`needs a list of instruments, ${example}`)
  if (!isTexts(topics)) throw invalid(`needs a list of topics, ${example}`)
  const named = [...new Set(instruments)]
  const heard = [...new Set(topics)].map((topic) => {
    const known = offered.find((one) => one === topic)
    if (known === undefined) throw invalid(`names the topic '${topic}'; ${id} tells ${offered.join(', ')}`)
    return known
  })
  for (const topic of heard) {
    const { exchanges = [], instrumentsMax = 0 } = live[topic] ?? {}
    if (named.length > instrumentsMax) {
      throw invalid(`names ${named.length} instruments; ${id} lets an account listen to ${instrumentsMax} on ${topic}`)
    }
    for (const instrument of named) {
      if (!exchanges.includes(exchangeOf(instrument))) {
        throw invalid(
          `names '${instrument}'; ${id} tells ${topic} of ${exchanges.join(', ')}, such as ${exchanges[0]}:2330`,
        )
      }
    }
  }
  return { topics: heard, instruments: named }
}

function exchangeOf(instrument: string): string {
  try {
    return parseInstrument(instrument).exchange
  } catch (error) {
    if (error instanceof BarkeepError) return ''
    throw error
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
