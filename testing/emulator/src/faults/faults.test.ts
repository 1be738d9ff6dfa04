import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Emulator, startEmulator } from '../start-emulator.js'

const nowMs = Date.parse('2026-11-20T16:00:00+08:00')
const month = '/rwd/zh/afterTrading/STOCK_DAY?date=20241109&stockNo=2330'
let emulator: Emulator
let url: string

beforeEach(async () => {
  emulator = await startEmulator({ now: () => nowMs, stocks: 20, limits: { twse: [] } })
  url = emulator.url('twse')
})
afterEach(() => emulator.close())

const table = async () => (await (await fetch(url + month)).json()) as { fields: string[]; data: string[][] }

describe('faults of the transport', () => {
  it('a cut body ends before the length that its head promised', async () => {
    emulator.faults.set('twse', { kind: 'cut', times: 1 })
    const response = await fetch(url + month)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect((await table()).data.length).toBeGreaterThan(0)
  })

  it('a body cut at its very start has a head all the same', async () => {
    emulator.faults.set('twse', { kind: 'cut', fraction: 0, times: 1 })
    const response = await fetch(url + month)
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
    await expect(response.text()).rejects.toThrow()
  })

  it('a trickle brings the same body in many pieces', async () => {
    const whole = await table()
    emulator.faults.set('twse', { kind: 'trickle', bytes: 100, pauseMs: 1 })
    const response = await fetch(url + month)
    const pieces: Uint8Array[] = []
    for await (const piece of response.body ?? []) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(3)
    expect(JSON.parse(Buffer.concat(pieces).toString())).toEqual(whole)
  })

  it('a dropped connection has no answer and status 0 in the log', async () => {
    emulator.faults.set('twse', { kind: 'drop', times: 1 })
    await expect(fetch(url + month)).rejects.toThrow()
    expect(emulator.arrivals('twse').at(-1)).toMatchObject({ status: 0, fault: 'drop', refused: false })
  })

  it('strikes a connection that is to stay open when it is opened', async () => {
    emulator.faults.set('fugle', { kind: 'captcha', times: 1 })
    const open = () => new WebSocket(`${emulator.url('fugle').replace('http', 'ws')}/marketdata/v1.0/stock/streaming`)
    const refused = open()
    const status = await new Promise((resolve) => {
      refused.once('unexpected-response', (_request, response) => resolve(response.statusCode))
    })
    expect(status).toBe(403)
    const opened = open()
    await new Promise((resolve) => opened.once('open', resolve))
    opened.terminate()
  })

  it('an empty body is no body under 200', async () => {
    emulator.faults.set('twse', { kind: 'empty' })
    const response = await fetch(url + month)
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})

describe('faults of the answer', () => {
  it.each([
    [{ kind: 'status' } as const, 503, '503'],
    [{ kind: 'status', status: 500 } as const, 500, '500'],
    [{ kind: 'html' } as const, 200, '系統維護中'],
    [{ kind: 'captcha' } as const, 200, 'FOR SECURITY REASONS'],
  ])('%o brings a page in place of data', async (order, status, text) => {
    emulator.faults.set('twse', order)
    const response = await fetch(url + month)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(await response.text()).toContain(text)
  })

  it('a wrong charset turns UTF-8 into MS950, and MS950 into UTF-8, under the old head', async () => {
    emulator.faults.set('twse', { kind: 'charset' })
    const json = Buffer.from(await (await fetch(url + month)).arrayBuffer())
    expect(json.toString('utf8')).not.toContain('台積電')
    expect(new TextDecoder('big5').decode(json)).toContain('台積電')
    const list = await fetch(`${url}/isin/C_public.jsp?strMode=2`)
    expect(list.headers.get('content-type')).toContain('MS950')
    expect(Buffer.from(await list.arrayBuffer()).toString('utf8')).toContain('台積電')
  })

  it('a clock that is off moves Date and what the upstream takes for today', async () => {
    emulator.faults.set('twse', { kind: 'clock-skew', skewMs: -86_400_000 })
    const response = await fetch(`${url}/rwd/zh/afterTrading/STOCK_DAY?date=20261120&stockNo=2330`)
    expect(response.headers.get('date')).toBe('Thu, 19 Nov 2026 08:00:00 GMT')
    expect(await response.json()).toMatchObject({ stat: '查詢日期大於今日，請重新查詢!' })
  })
})

describe('faults of the table', () => {
  it('an added column stands in the header and in every row', async () => {
    const before = await table()
    emulator.faults.set('twse', { kind: 'column-added' })
    const after = await table()
    expect(after.fields).toEqual([...before.fields.slice(0, 2), '新增欄位', ...before.fields.slice(2)])
    expect(after.data.map((row) => row.toSpliced(2, 1))).toEqual(before.data)
  })

  it('a moved column takes its cells along', async () => {
    const before = await table()
    emulator.faults.set('twse', { kind: 'column-moved' })
    const after = await table()
    expect(after.fields).not.toEqual(before.fields)
    const byName = ({ fields, data }: typeof before) =>
      data.map((row) => Object.fromEntries(fields.map((field, index) => [field, row[index]])))
    expect(byName(after)).toEqual(byName(before))
  })

  it('duplicated rows come twice', async () => {
    const before = await table()
    emulator.faults.set('twse', { kind: 'duplicate-rows', rows: 2 })
    expect((await table()).data).toEqual([...before.data.slice(0, 2), ...before.data])
  })

  it.each([
    ['/v1/exchangeReport/STOCK_DAY_ALL', /"Code":"0050","新增欄位":"0"/],
    ['/exchangeReport/STOCK_DAY_ALL?response=open_data', /日期,證券代號,新增欄位,證券名稱/],
    ['/isin/C_public.jsp?strMode=2', /<td>0<\/td><td bgcolor=#FAFAD2>1962\/02\/09/],
  ])('JSON of objects, CSV and HTML have columns too: %s', async (path, shape) => {
    emulator.faults.set('twse', { kind: 'column-added' })
    const response = await fetch(url + path)
    const charset = response.headers.get('content-type')?.includes('MS950') ? 'big5' : 'utf-8'
    expect(new TextDecoder(charset).decode(await response.arrayBuffer())).toMatch(shape)
  })

  it('the columns of a Yahoo chart are doubled row by row', async () => {
    emulator.faults.set('yahoo', { kind: 'duplicate-rows' })
    const response = await fetch(`${emulator.url('yahoo')}/v8/finance/chart/2330.TW?interval=1d&range=5d`)
    // The shape that the emulator itself gives.
    const body = (await response.json()) as {
      chart: { result: [{ timestamp: number[]; indicators: { quote: [{ open: number[] }] } }] }
    }
    const [{ timestamp, indicators }] = body.chart.result
    expect(timestamp[0]).toBe(timestamp[1])
    expect(indicators.quote[0].open).toHaveLength(timestamp.length)
  })
})

describe('the plan', () => {
  it('strikes only what matches, as often as told, and is cleared by upstream', async () => {
    emulator.faults.set('twse', { kind: 'status', match: /STOCK_DAY\?/, times: 2 })
    const status = async (path: string) => (await fetch(url + path)).status
    expect(await status('/v1/exchangeReport/STOCK_DAY_ALL')).toBe(200)
    expect([await status(month), await status(month), await status(month)]).toEqual([503, 503, 200])
    emulator.faults.set('twse', { kind: 'status' })
    emulator.faults.clear('yahoo')
    expect(await status(month)).toBe(503)
    emulator.faults.clear('twse')
    expect(await status(month)).toBe(200)
  })

  it('draws chance from a seed, so that a run can be repeated', async () => {
    const run = async () => {
      emulator.faults.clear()
      emulator.faults.set('twse', { kind: 'status', probability: 0.5, seed: 9 })
      const statuses: number[] = []
      for (let request = 0; request < 20; request++) statuses.push((await fetch(url + month)).status)
      return statuses
    }
    const first = await run()
    expect(new Set(first)).toEqual(new Set([200, 503]))
    expect(await run()).toEqual(first)
  })
})
