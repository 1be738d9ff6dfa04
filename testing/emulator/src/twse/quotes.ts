import { type Answer, jsonAnswer, textAnswer } from '../http/answer.js'
import type { Route, RouteRequest } from '../http/upstream.js'
import type { Listing } from '../market/listings.js'
import { fractionOf, hashOf, wholeOf } from '../market/noise.js'
import { addDays, CLOSE_MINUTE, instantOf, OPEN_MINUTE, taipeiClock, taipeiDate } from '../market/taipei-time.js'
import { dailyLimitsCents, tickCentsAt } from '../market/tick-size.js'
import { type Tape, tapeOf } from '../market/ticker.js'
import type { Truth } from '../market/truth.js'
import { compact } from './format.js'

/** Orders are taken from here on, so the page turns to the new session. Minutes since midnight. */
const ORDERS_MINUTE = 8 * 60 + 30
const AFTER_HOURS_MINUTE = 14 * 60 + 30
/** The index is settled three minutes after the close. */
const INDEX_FINAL_MINUTE = CLOSE_MINUTE + 3
/** How the page is meant to be polled; it says so, and matches come at about this pace. */
const POLL_MS = 5_000
/** How many polls between matches see no trade. */
const QUIET_CHANCE = 0.6

type Message = Readonly<Record<string, string>>

/** Quotes of this moment, many channels in one call; errors are told under 200. */
export const quotes: readonly Route[] = [
  { path: '/stock/api/getStockInfo.jsp', answer: answerQuotes },
  { path: '/stock/index.jsp', answer: answerEntrance },
]

/** The page for people, which hands out the session cookie. */
function answerEntrance({ truth, nowMs }: RouteRequest): Answer {
  const session = hashOf(truth.seed, nowMs, 'session').toString(16).toUpperCase().padStart(8, '0').repeat(4)
  return textAnswer('<html><body>基本市況報導網站</body></html>', 'text/html;charset=UTF-8', {
    headers: { 'set-cookie': `JSESSIONID=${session}; Path=/stock; Secure; HttpOnly` },
  })
}

function answerQuotes({ query, truth, nowMs }: RouteRequest): Answer {
  const channels = query.get('ex_ch')
  if (channels === null || channels === '') return jsonAnswer({ rtcode: '9999', rtmessage: '參數不足' })
  const names = channels.split('|')
  if (!names.every((name) => /^\w+\.tw$/.test(name))) return textAnswer('\r\n'.repeat(10), 'text/html;charset=UTF-8')
  const msgArray = names.map((name) => messageOf(truth, name, nowMs) ?? { c: '', z: '-', s: '-', tv: '-' })
  return jsonAnswer({
    msgArray,
    referer: '',
    userDelay: POLL_MS,
    rtcode: '0000',
    queryTime: {
      sysDate: compact(taipeiDate(nowMs)),
      stockInfoItem: 2_000 + names.length,
      stockInfo: 60_000,
      sessionStr: 'UserSession',
      sysTime: taipeiClock(nowMs),
      showChart: false,
      sessionFromTime: -1,
      sessionLatestTime: -1,
    },
    rtmessage: 'OK',
    exKey: `if_${names[0]}_zh-tw.null`,
    cachedAlive: 1_000 + (Math.floor(nowMs) % 40_000),
  })
}

function messageOf(truth: Truth, channel: string, nowMs: number): Message | undefined {
  const symbol = channel.replace(/^tse_/, '').replace(/\.tw$/, '')
  const date = sessionShown(truth, nowMs)
  if (!channel.startsWith('tse_') || date === undefined) return undefined
  if (symbol === 't00') return indexMessage(truth, date, nowMs)
  const listing = truth.listing(symbol)
  return listing === undefined ? undefined : stockMessage(truth, listing, date, nowMs)
}

/** Until orders are taken for a new session, the page still shows the one before. */
function sessionShown(truth: Truth, nowMs: number): string | undefined {
  const today = taipeiDate(nowMs)
  const through = nowMs >= instantOf(today, ORDERS_MINUTE) ? today : addDays(today, -1)
  return truth.calendar.sessions(addDays(through, -30), addDays(through, 1)).at(-1)
}

function stockMessage(truth: Truth, listing: Listing, date: string, nowMs: number): Message | undefined {
  const { symbol, name, kind } = listing
  const day = truth.day(symbol, date)
  if (day === undefined) return undefined
  const fund = kind === 'etf'
  const tape = tapeOf(truth, symbol, date, nowMs)
  const reference = day.reference ?? day.open ?? 0
  const limits = dailyLimitsCents(reference * 100, fund)
  const closed = nowMs >= instantOf(date, CLOSE_MINUTE)
  const settled = nowMs >= instantOf(date, AFTER_HOURS_MINUTE)
  const quiet = !closed && fractionOf(truth.seed, symbol, Math.floor(nowMs / POLL_MS), 'quiet') < QUIET_CHANCE
  const shownMs = closed
    ? instantOf(date, CLOSE_MINUTE)
    : (tape.lastAtMs ?? Math.max(nowMs, instantOf(date, ORDERS_MINUTE)))
  const last = quiet ? '-' : priceOr(tape.last)
  const lastLots = quiet || tape.lastAtMs === null ? '-' : String(tape.lastShares / 1_000)
  return {
    tv: lastLots,
    ps: closed ? lastLots : '-',
    pz: closed ? last : '-',
    bp: '0',
    ...(settled && afterHours(truth, symbol, date, tape)),
    ...orderBook(truth, symbol, tape.last ?? reference, fund, shownMs),
    c: symbol,
    d: compact(date),
    ch: `${symbol}.tw`,
    tlong: String(settled ? instantOf(date, AFTER_HOURS_MINUTE) : shownMs),
    ip: '0',
    mt: '000000',
    h: priceOr(tape.high),
    i: '24',
    it: '12',
    l: priceOr(tape.low),
    n: name,
    o: priceOr(tape.open),
    p: '0',
    ex: 'tse',
    s: lastLots,
    t: taipeiClock(shownMs),
    u: price(limits.up / 100),
    v: String(tape.volumeShares / 1_000),
    w: price(limits.down / 100),
    nf: `${name}股份有限公司`,
    y: price(reference),
    z: last,
    // Before the open the exchange only tries its matching out.
    ts: nowMs >= instantOf(date, ORDERS_MINUTE) && nowMs < instantOf(date, OPEN_MINUTE) ? '1' : '0',
  }
}

/** Trading at the closing price, 14:00 to 14:30. */
function afterHours(truth: Truth, symbol: string, date: string, { last }: Tape): Message {
  const lots = String(wholeOf(0, 60, truth.seed, symbol, date, 'fixed price'))
  return { fv: lots, oa: priceOr(last), ob: priceOr(last), ot: '14:30:00', ov: lots, oz: priceOr(last) }
}

/** Five prices and sizes a side, each followed by an underscore, the last one too. */
function orderBook(truth: Truth, symbol: string, around: number, fund: boolean, atMs: number): Message {
  const tick = tickCentsAt(around * 100, fund) / 100
  const levels = [0, 1, 2, 3, 4]
  const joined = (texts: readonly string[]) => texts.map((text) => `${text}_`).join('')
  const lots = (side: string) =>
    joined(levels.map((level) => String(wholeOf(1, 900, truth.seed, symbol, Math.floor(atMs / POLL_MS), side, level))))
  return {
    a: joined(levels.map((level) => price(around + (level + 1) * tick))),
    b: joined(levels.map((level) => price(Math.max(0.01, around - level * tick)))),
    f: lots('ask'),
    g: lots('bid'),
  }
}

function indexMessage(truth: Truth, date: string, nowMs: number): Message | undefined {
  const day = truth.index(date)
  if (day === undefined) return undefined
  const final = nowMs >= instantOf(date, INDEX_FINAL_MINUTE)
  const started = nowMs >= instantOf(date, OPEN_MINUTE)
  const atMs = final ? instantOf(date, INDEX_FINAL_MINUTE) : Math.floor(nowMs / POLL_MS) * POLL_MS
  const points = (value: number) => (started ? value.toFixed(2) : '-')
  // Before the end of the day its course is not told: a level between open and close, as far as the day has come.
  const way = Math.min(
    1,
    (nowMs - instantOf(date, OPEN_MINUTE)) / (instantOf(date, CLOSE_MINUTE) - instantOf(date, OPEN_MINUTE)),
  )
  const last = final ? day.close : day.open + (day.close - day.open) * Math.max(0, way)
  return {
    tv: started ? String(wholeOf(1_000, 30_000, truth.seed, date, atMs)) : '-',
    c: 't00',
    d: compact(date),
    ch: 't00.tw',
    tlong: String(atMs),
    ip: '0',
    h: points(final ? day.high : Math.max(day.open, last)),
    i: 'tidx.tw',
    it: 't',
    l: points(final ? day.low : Math.min(day.open, last)),
    n: '發行量加權股價指數',
    o: points(day.open),
    ex: 'tse',
    t: taipeiClock(atMs),
    v: started ? String(Math.floor(300_000 * Math.max(0, way))) : '0',
    y: day.reference.toFixed(2),
    z: points(last),
  }
}

function price(value: number): string {
  return value.toFixed(4)
}

function priceOr(value: number | null): string {
  return value === null ? '-' : price(value)
}
