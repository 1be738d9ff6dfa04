import { type Handler, parseInstrument, type UpstreamPage, upstreamError } from '@barkeep/core'
import { readJson } from '../read-json.js'
import { refuseWall } from './answer.js'
import { parseMis } from './parse-mis.js'

export type QuotesParams = {
  readonly instruments: readonly string[]
  /** Milliseconds since the epoch: a quote of another time is another page. */
  readonly askedMs: number
}

/** Channels in one request. How many MIS takes is not known; this is a cautious choice. */
export const channelsMax = 50

/** MIS asks its own pages to wait this long between polls (`userDelay`), so that is how long a refusal is waited out. */
const POLL_PAUSE_MS = 5_000

const prefixes: Readonly<Record<string, string>> = { TWSE: 'tse', TPEX: 'otc' }

/**
 * Quotes of up to 50 instruments, rows of `twse_quotes`. They give no bars: MIS leaves out what is traded after hours and in
 * blocks, its last price is missing in most polls, and polling misses trades, so a bar made of it would not be TWSE's.
 * Throws UPSTREAM_RATE_LIMITED, UPSTREAM_REFUSED, UPSTREAM_CHANGED. Source: our notes on upstreams, 1.7.
 */
export const quotes: Handler<QuotesParams> = async (task, context) => {
  const channels = task.params.instruments.map(channelOf).join('|')
  const page = await context.fetch({
    url: `https://mis.twse.com.tw/stock/api/getStockInfo.jsp?ex_ch=${encodeURIComponent(channels)}&json=1&delay=0`,
    headers: { referer: 'https://mis.twse.com.tw/stock/index.jsp' },
  })
  refuseWall(page)
  const { rows, refused } = parseMis(readMisJson(page))
  return { task, data: { rows: [{ dataset: 'twse_quotes', rows }], covers: [], refused }, nextTasks: [] }
}

/** `TWSE:2330` as `tse_2330.tw`. */
function channelOf(instrument: string): string {
  const { exchange, symbol } = parseInstrument(instrument)
  return `${prefixes[exchange]}_${symbol}.tw`
}

export const quotedExchanges: readonly string[] = Object.keys(prefixes)

/** MIS answers with blank lines when it cannot read the question, and with some other text when asked too fast. */
function readMisJson(page: UpstreamPage): unknown {
  const text = page.text()
  if (/^\s+$/.test(text)) {
    throw upstreamError('UPSTREAM_REFUSED', 'MIS answers with blank lines: it could not read the channels.')
  }
  // A page of maintenance, an empty one and one that breaks off are failures like anywhere else.
  if (text === '' || /^\s*[<{]/.test(text)) return readJson(page)
  throw upstreamError('UPSTREAM_RATE_LIMITED', 'MIS answers with some other text than JSON, as when asked too fast.', {
    afterMs: POLL_PAUSE_MS,
  })
}
