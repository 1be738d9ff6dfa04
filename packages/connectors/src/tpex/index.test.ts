import { type CrawlRequest, type Instrument, isAbsence } from '@barkeep/core'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { tpex } from './index.js'

function stock(instrument: string, dates: Partial<Pick<Instrument, 'listed' | 'delisted'>> = {}): Instrument {
  const [exchange = '', symbol = ''] = instrument.split(':')
  const unknown = { name: symbol, kind: 'stock' as const, isin: null, listed: null, delisted: null }
  return { instrument, exchange, symbol, ...unknown, ...dates }
}

function paramsOf(plan: string, request: Partial<CrawlRequest>) {
  const whole = { instruments: [], start: '2024-01-01', end: '2024-12-31', options: {}, ...request }
  const tasks = tpex.crawls[plan]?.tasks({ nowMs: Date.parse('2024-03-06T10:00:00Z'), ...whole }) ?? []
  return [...tasks].map(({ params }) => params)
}

describe('the plans of tpex', () => {
  it('ask for the months of each of its stocks between listing, delisting and today', () => {
    const instruments = [
      stock('TPEX:1111', { listed: '2024-02-15' }),
      stock('TWSE:2222'),
      stock('TPEX:3333', { delisted: '2024-01-31' }),
    ]
    expect(paramsOf('stock-months', { instruments })).toEqual([
      { instrument: 'TPEX:1111', month: '2024-02' },
      { instrument: 'TPEX:1111', month: '2024-03' },
      { instrument: 'TPEX:3333', month: '2024-01' },
    ])
  })

  it('begin where its pages begin', () => {
    expect(paramsOf('stock-months', { instruments: [stock('TPEX:1111')], start: '1980-01-01' })[0]).toEqual({
      instrument: 'TPEX:1111',
      month: '1994-01',
    })
    expect(paramsOf('market-days', { start: '2000-01-01', end: '2007-04-24' })).toEqual([
      { date: '2007-04-23', warrants: false },
    ])
  })

  it('ask for weekdays up to today, with warrants only when they are wanted', () => {
    const asked = paramsOf('market-days', { start: '2024-03-01', options: { warrants: 'yes' } })
    expect(asked.map(({ date }) => date)).toEqual(['2024-03-01', '2024-03-04', '2024-03-05', '2024-03-06'])
    expect(asked.every(({ warrants }) => warrants === true)).toBe(true)
    expect(paramsOf('valuations', { start: '2024-03-06' })).toEqual([{ date: '2024-03-06' }])
  })

  it('ask TWSE for the list of its securities, which is in MS950', async () => {
    const [params = {}] = paramsOf('instruments', {})
    expect(params).toEqual({ exchange: 'TPEX', warrants: false, asked: '2024-03-06' })
    const header = [
      '有價證券代號及名稱',
      '國際證券辨識號碼(ISIN Code)',
      '上市日',
      '市場別',
      '產業別',
      'CFICode',
      '備註',
    ]
    const rows = [
      header,
      ['6236\u3000虛構安', 'TW0006236009', '2003/05/20', '上櫃', '', 'ESVUFR', ''],
      ['700009\u3000虛構環購01', 'TW25Z7000099', '2024/01/05', '上櫃', '', 'RWSCCA', ''],
    ]
    const html = `<table>${rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`
    const context = fakeContext({ now: '2024-03-06T10:00:00Z', answers: [{ body: iconv.encode(html, 'cp950') }] })
    const result = await tpex.handlers.instruments?.({ connector: 'tpex', handler: 'instruments', params }, context)
    expect(context.asked.map(({ url }) => url)).toEqual(['https://isin.twse.com.tw/isin/C_public.jsp?strMode=4'])
    if (result === undefined || isAbsence(result.data)) throw new Error('no page')
    expect(result.data.instruments).toEqual([
      {
        instrument: 'TPEX:6236',
        exchange: 'TPEX',
        symbol: '6236',
        name: '虛構安',
        kind: 'stock',
        isin: 'TW0006236009',
        listed: '2003-05-20',
        delisted: null,
      },
    ])
    expect(result.data.covers).toMatchObject([{ scope: 'TPEX', of: 'instruments' }])
  })

  it('are each a task of a handler that is there, with params that survive JSON', () => {
    for (const [name, plan] of Object.entries(tpex.crawls)) {
      const request = { instruments: [stock('TPEX:1111')], start: '2024-03-01', end: '2024-03-06', options: {} }
      const tasks = [...plan.tasks({ ...request, nowMs: Date.parse('2024-03-06T10:00:00Z') })]
      expect(tasks.length, name).toBeGreaterThan(0)
      for (const task of tasks) {
        expect(tpex.handlers[task.handler]).toBeTypeOf('function')
        expect(JSON.parse(JSON.stringify(task))).toEqual(task)
      }
    }
  })
})
