import { textAnswer } from '../http/answer.js'
import type { Upstream } from '../http/upstream.js'
import { isinList } from '../twse/isin-list.js'
import { refuseAtWall } from '../twse/security-wall.js'
import { dailyQuotes } from './daily-quotes.js'
import { priceEarnings } from './price-earnings.js'
import { tpexRecordings } from './recordings.js'
import { tradingStock } from './trading-stock.js'

/** The list of its securities is a page of TWSE, whose wall counts who asks for it. */
const isOfTwse = (path: string): boolean => path.startsWith('/isin/')

/** The Taipei Exchange, and the page of TWSE that lists its securities. */
export const tpex: Upstream = {
  id: 'tpex',
  // TPEx publishes no number; that of TWSE, the length of the ban and silence in place of an answer are assumptions.
  limits: [{ requests: 3, perMs: 5_000, banMs: 3_600_000 }],
  countedBy: (path) => (isOfTwse(path) ? 'twse' : 'tpex'),
  refuse: (offence, path) => (isOfTwse(path) ? refuseAtWall(offence, path) : 'drop'),
  recordings: tpexRecordings,
  captchaPage: () =>
    textAnswer('<!DOCTYPE html><html><body><h1>請稍後再試</h1></body></html>', 'text/html;charset=utf-8'),
  routes: [dailyQuotes, tradingStock, priceEarnings, ...isinList],
}
