import type { Instrument } from '@barkeep/core'
import { describe, expect, it } from 'vitest'
import { type FakeAnswer, fakeContext } from '../fake-context.contract.js'
import { dailyBars } from './daily-bars.js'
import { finmind } from './index.js'
import { usage } from './usage.js'

const now = '2024-06-01T00:00:00Z'
const nothing = { body: '{"msg":"success","status":200,"data":[]}' }
const params = { instrument: 'TWSE:1234', start: '2024-03-01', end: '2024-04-01' }
const task = { connector: 'finmind', handler: 'dailyBars', params }
const usageTask = { connector: 'finmind', handler: 'usage', params: { askedMs: 0 } }

function contextOf(answers: readonly FakeAnswer[], credentials: Readonly<Record<string, string>> = {}) {
  return fakeContext({ now, answers, credentials })
}

function refused(status: number, msg: string): FakeAnswer {
  return { status, body: JSON.stringify({ msg, status, token_tail: '' }) }
}

const authorization = (request: { readonly secretHeaders?: Readonly<Record<string, string>> } | undefined) =>
  request?.secretHeaders?.authorization

describe('an account of FinMind', () => {
  it('is asked without a token where none is known', async () => {
    const context = contextOf([nothing])
    await dailyBars(task, context)
    expect(context.asked).toHaveLength(1)
    expect(authorization(context.asked[0])).toBeUndefined()
  })

  it('is logged in once, with a page that is not archived', async () => {
    const credentials = { user_id: 'once', password: 'pass' }
    const login = { body: '{"msg":"success","status":200,"token":"from-login"}' }
    const context = contextOf([login, nothing, nothing], credentials)
    await Promise.all([dailyBars(task, context), dailyBars(task, context)])
    expect(context.asked.map(({ url }) => new URL(url).pathname)).toEqual([
      '/api/v4/login',
      '/api/v4/data',
      '/api/v4/data',
    ])
    expect(context.asked[0]).toMatchObject({ method: 'POST', body: 'user_id=once&password=pass', isSecret: true })
    expect(context.asked.slice(1).map(authorization)).toEqual(['Bearer from-login', 'Bearer from-login'])
  })

  it('whose token from a login has run out gets another one at the next try', async () => {
    const credentials = { user_id: 'renewed', password: 'pass' }
    const login = (token: string) => ({ body: JSON.stringify({ msg: 'success', status: 200, token }) })
    const context = contextOf([login('old'), refused(400, 'Token is illegal.'), login('new'), nothing], credentials)
    await expect(dailyBars(task, context)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' })
    await dailyBars(task, context)
    expect(authorization(context.asked[3])).toBe('Bearer new')
  })

  it('whose token has run out for two tasks at the same time goes on with one login, and does not stop', async () => {
    const login = (token: string) => ({ body: JSON.stringify({ msg: 'success', status: 200, token }) })
    const illegal = refused(400, 'Token is illegal.')
    const context = contextOf([login('old'), illegal, illegal, login('new'), nothing], {
      user_id: 'two',
      password: 'p',
    })
    const both = await Promise.allSettled([dailyBars(task, context), dailyBars(task, context)])
    expect(both).toMatchObject([{ reason: { code: 'UPSTREAM_FAILED' } }, { reason: { code: 'UPSTREAM_FAILED' } }])
    await dailyBars(task, context)
    expect(context.asked.filter(({ url }) => url.endsWith('/login'))).toHaveLength(2)
  })

  it('that cannot be logged in stops the connector, without a word of its password, and is tried again', async () => {
    const credentials = { user_id: 'wrong', password: 'opensesame' }
    const context = contextOf(
      [refused(400, 'wrong: opensesame'), { body: '{"status":200,"token":"t"}' }, nothing],
      credentials,
    )
    await expect(dailyBars(task, context)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAUTHORIZED',
      message: 'FinMind says 400: wrong: [secret]',
    })
    expect((await dailyBars(task, context)).data).toMatchObject({ absence: 'no-data' })
    const silent = contextOf([{ body: '{"status":200}' }], { user_id: 'silent', password: 'pass' })
    await expect(dailyBars(task, silent)).rejects.toMatchObject({ code: 'UPSTREAM_CHANGED' })
  })
})

describe('a refusal of FinMind', () => {
  const level = 'Your level is free. Please update your user level. Detail information:https://finmindtrade.com/'

  it.each<[string, FakeAnswer, string, number | undefined]>([
    ['402, the quota', refused(402, 'Requests reach the upper limit.'), 'UPSTREAM_RATE_LIMITED', 3_600_000],
    [
      '402 under a head of 200',
      { ...refused(402, 'Requests reach the upper limit.'), status: 200 },
      'UPSTREAM_RATE_LIMITED',
      3_600_000,
    ],
    ['403, a ban', refused(403, 'ip banned'), 'UPSTREAM_BANNED', 1_800_000],
    ['400, a level', refused(400, level), 'UPSTREAM_UNAUTHORIZED', undefined],
    ['400, a level under a head of 200', { ...refused(400, level), status: 200 }, 'UPSTREAM_UNAUTHORIZED', undefined],
    ['400, a token', refused(400, 'Token ticket is illegal.'), 'UPSTREAM_UNAUTHORIZED', undefined],
    ['400, anything else', refused(400, 'parameter date is illegal.'), 'UPSTREAM_REFUSED', undefined],
    [
      '422, a dataset that is gone',
      { status: 422, body: '{"detail":[{"msg":"not one of"}]}' },
      'UPSTREAM_CHANGED',
      undefined,
    ],
    ['503 of HTML', { status: 503, body: '<h1>503</h1>' }, 'UPSTREAM_FAILED', undefined],
    ['500 of JSON', { status: 500, body: '{"detail":"Internal Server Error"}' }, 'UPSTREAM_FAILED', undefined],
    ['403 of HTML', { status: 403, body: '<h1>Just a moment</h1>' }, 'UPSTREAM_BANNED', 1_800_000],
    ['200 of HTML', { body: '<html>maintenance</html>' }, 'UPSTREAM_FAILED', undefined],
    ['nothing', { body: '' }, 'UPSTREAM_FAILED', undefined],
  ])('of %s is what its body says', async (_, answer, code, afterMs) => {
    const failure = dailyBars(task, contextOf([answer], { token: 'ticket' }))
    await expect(failure).rejects.toMatchObject({ code, ...(afterMs !== undefined && { retry: { afterMs } }) })
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('ticket') })
  })
})

describe('the quota of FinMind', () => {
  const told = (used: number) => ({ body: JSON.stringify({ status: 200, user_count: used, api_request_limit: 600 }) })

  it('is a row while something is left of it, and a wait where nothing is', async () => {
    const context = contextOf([told(599)], { token: 'ticket' })
    const { data } = await usage(usageTask, context)
    expect(context.asked[0]?.url).toBe('https://api.web.finmindtrade.com/v2/user_info')
    expect(data).toMatchObject({
      rows: [{ dataset: 'finmind_usage', rows: [{ asked: '2024-06-01T00:00:00Z', used: 599, limit: 600 }] }],
    })
    await expect(usage(usageTask, contextOf([told(600)], { token: 'ticket' }))).rejects.toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      message: 'FinMind has answered 600 of 600 requests of this hour.',
      retry: { afterMs: 3_600_000 },
    })
    await expect(usage(usageTask, contextOf([{ body: '{"status":200}' }], { token: 't' }))).rejects.toMatchObject({
      code: 'UPSTREAM_CHANGED',
    })
  })

  it('is not asked for without a token, since nobody would tell', async () => {
    const context = contextOf([])
    expect((await usage(usageTask, context)).data).toEqual({ absence: 'no-data', covers: [] })
  })

  it('is asked for before a big crawl, and before no other', () => {
    const instruments = Array.from({ length: 100 }, (_, index): Instrument => {
      const symbol = String(1_101 + index)
      const unknown = { name: symbol, kind: 'stock', isin: null, listed: null, delisted: null } as const
      return { instrument: `TWSE:${symbol}`, exchange: 'TWSE', symbol, ...unknown }
    })
    const handlersOf = (plan: string, count: number) => {
      const request = { start: '2024-03-01', end: '2024-03-02', options: {}, nowMs: Date.parse(now) }
      const tasks = finmind.crawls[plan]?.tasks({ ...request, instruments: instruments.slice(0, count) }) ?? []
      return [...tasks].map(({ handler }) => handler)
    }
    for (const plan of ['daily-bars', 'minute-bars', 'valuations']) {
      expect(handlersOf(plan, 99)).not.toContain('usage')
      expect(handlersOf(plan, 100)).toHaveLength(101)
      expect(handlersOf(plan, 100)[0]).toBe('usage')
    }
  })
})

describe('the plans of finmind', () => {
  const stock: Instrument = {
    ...{ instrument: 'TWSE:1234', exchange: 'TWSE', symbol: '1234', name: '', kind: 'stock', isin: null },
    ...{ listed: '1980-01-01', delisted: null },
  }
  const paramsOf = (plan: string, start: string, end: string, instrument = stock) => {
    const request = { instruments: [instrument], start, end, options: {}, nowMs: Date.parse(now) }
    return [...(finmind.crawls[plan]?.tasks(request) ?? [])].map((one) => one.params)
  }

  it('begin where FinMind begins, and end with today', () => {
    expect(paramsOf('daily-bars', '1990-01-01', '2030-01-01')).toEqual([
      { instrument: 'TWSE:1234', start: '1994-10-01', end: '2024-06-02' },
    ])
    expect(paramsOf('daily-bars', '1990-01-01', '2030-01-01', { ...stock, delisted: '1994-01-01' })).toEqual([])
    expect(paramsOf('daily-bars', '2024-01-01', '2024-02-01', { ...stock, exchange: 'NYSE' })).toEqual([])
  })

  it('ask for minutes of weekdays, but not of the day that FinMind lacks', () => {
    const dates = paramsOf('minute-bars', '2019-02-15', '2019-02-22').map(({ date }) => date)
    expect(dates).toEqual(['2019-02-15', '2019-02-18', '2019-02-19', '2019-02-21'])
    expect(paramsOf('minute-bars', '2018-12-27', '2019-01-03').map(({ date }) => date)).toEqual([
      '2019-01-01',
      '2019-01-02',
    ])
  })
})
