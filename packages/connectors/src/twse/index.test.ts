import type { CrawlRequest, Instrument } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { twse } from './index.js'

function stock(instrument: string, dates: Partial<Pick<Instrument, 'listed' | 'delisted'>> = {}): Instrument {
  const [exchange = '', symbol = ''] = instrument.split(':')
  return {
    instrument,
    exchange,
    symbol,
    name: symbol,
    kind: 'stock',
    isin: null,
    listed: null,
    delisted: null,
    ...dates,
  }
}

function paramsOf(plan: string, request: Partial<CrawlRequest>) {
  const whole = { instruments: [], start: '2024-01-01', end: '2024-12-31', options: {}, ...request }
  const tasks = twse.crawls[plan]?.tasks({ nowMs: Date.parse('2024-03-06T10:00:00Z'), ...whole }) ?? []
  return [...tasks].map(({ params }) => params)
}

describe('the plans of twse', () => {
  it('ask for the months of each of its stocks between listing, delisting and today', () => {
    const instruments = [
      stock('TWSE:1111', { listed: '2024-02-15' }),
      stock('TPEX:2222'),
      stock('TWSE:3333', { delisted: '2024-01-31' }),
      stock('TWSE:4444', { delisted: '2009-05-05' }),
    ]
    expect(paramsOf('daily-bars', { instruments })).toEqual([
      { instrument: 'TWSE:1111', month: '2024-02' },
      { instrument: 'TWSE:1111', month: '2024-03' },
      { instrument: 'TWSE:3333', month: '2024-01' },
    ])
  })

  it('begin where STOCK_DAY begins', () => {
    const [first] = paramsOf('daily-bars', { instruments: [stock('TWSE:1111')], start: '1990-01-01' })
    expect(first).toEqual({ instrument: 'TWSE:1111', month: '2010-01' })
  })

  it('ask for weekdays, and for Saturdays as long as some had a session', () => {
    const days = (start: string, end: string) => paramsOf('market-days', { start, end }).map(({ date }) => date)
    expect(days('2018-12-21', '2018-12-25')).toEqual(['2018-12-21', '2018-12-22', '2018-12-24'])
    expect(days('2024-03-01', '2024-12-31')).toEqual(['2024-03-01', '2024-03-04', '2024-03-05', '2024-03-06'])
  })

  it('split quotes into requests of 50 channels', () => {
    const instruments = Array.from({ length: 101 }, (_, index) => stock(`TWSE:${1000 + index}`))
    const sizes = paramsOf('quotes', { instruments }).map((params) => (params.instruments as string[]).length)
    expect(sizes).toEqual([50, 50, 1])
  })

  it('are each a task of a handler that is there, with params that survive JSON', () => {
    for (const [name, plan] of Object.entries(twse.crawls)) {
      const request = {
        instruments: [stock('TWSE:1111')],
        start: '2024-03-01',
        end: '2024-03-06',
        options: {},
        nowMs: Date.parse('2024-03-06T10:00:00Z'),
      }
      const tasks = [...plan.tasks(request)]
      expect(tasks.length, name).toBeGreaterThan(0)
      for (const task of tasks) {
        expect(twse.handlers[task.handler]).toBeTypeOf('function')
        expect(JSON.parse(JSON.stringify(task))).toEqual(task)
      }
    }
  })
})
