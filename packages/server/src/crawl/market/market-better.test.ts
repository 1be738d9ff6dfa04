import { expect, test } from 'vitest'
import { readSourceOrder } from '../../store/bars/source-order.js'
import { betterAskings } from './market-better.js'
import type { MarketSource, SourceRole } from './market-sources.js'

function source(connector: string, role: SourceRole): MarketSource {
  const counts = { unreached: 0, requests: 0, bytes: 0, durationMs: 0, bindingLimit: null }
  return { connector, role, plans: [], blockedUntilMs: null, stoppedBy: null, ...counts }
}

const line = { exchange: 'TWSE', interval: '1m', since: '2026-01-05' } as const
const order = readSourceOrder({ TWSE: { '1m': ['best', '*', 'live-one', 'poor'] } })
const live = (connector: string, topic: 'kmin' | 'kday' = 'kmin') =>
  ({ connector, topic, state: 'listening', instruments: ['TWSE:2330'] }) as const

test('the best source that can be asked is asked for what all behind it told, then who tells live for what it told itself', () => {
  const sources = [source('best', 'nothing'), source('live-one', 'nothing'), source('poor', 'fall-back')]
  expect(betterAskings({ line, sources }, order, [live('live-one')])).toEqual([
    { connector: 'best', behind: ['live-one', 'poor'] },
    { connector: 'live-one', behind: ['live-one'] },
  ])
})

test('who is blocked is not asked, and the next one is not asked for what a better one told', () => {
  const sources = [source('best', 'blocked'), source('live-one', 'nothing'), source('poor', 'nothing')]
  expect(betterAskings({ line, sources }, order, [])).toEqual([{ connector: 'live-one', behind: ['poor'] }])
})

test('without an order only who tells live is asked, for its own: whose bars are better nobody has said', () => {
  const sources = [source('live-one', 'nothing'), source('poor', 'first')]
  const askings = betterAskings({ line, sources }, readSourceOrder(undefined), [live('live-one'), live('poor', 'kday')])
  expect(askings).toEqual([{ connector: 'live-one', behind: ['live-one'] }])
})
