import { afterEach, describe, expect, it } from 'vitest'
import { recordedFolderOrSkip } from './recorded/recorded-folder.js'
import { type Emulator, type EmulatorOptions, startEmulator } from './start-emulator.js'

const nowMs = Date.parse('2026-11-20T16:00:00+08:00')
const month = '/rwd/zh/afterTrading/STOCK_DAY?date=20241109&stockNo=2330&response=json'
const folder = recordedFolderOrSkip()
let emulator: Emulator | undefined

afterEach(async () => {
  await emulator?.close()
  emulator = undefined
})

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  emulator = await startEmulator({ now: () => nowMs, stocks: 20, ...options })
  return emulator
}

describe('limits', () => {
  it('meets the fourth request to the exchange within 5 s with its wall, then 428, then silence', async () => {
    let atMs = 1_000_000
    const { url, arrivals, violations } = await start({ arrivalClock: () => atMs })
    const ask = (path: string) => fetch(url('twse') + path, { redirect: 'manual' })
    for (const gapMs of [0, 100, 100]) {
      atMs += gapMs
      expect((await ask(month)).status).toBe(200)
    }
    const wall = await ask(month)
    expect(wall.status).toBe(307)
    expect(await wall.text()).toContain('FOR SECURITY REASONS, THIS PAGE CAN NOT BE ACCESSED!')
    const page = await ask(wall.headers.get('location') ?? '')
    expect(page.status).toBe(200)
    expect((await ask(month)).status).toBe(428)
    await expect(ask(month)).rejects.toThrow()
    atMs += 3_599_000
    await expect(ask(month)).rejects.toThrow()
    atMs += 1_001
    expect((await ask(month)).status).toBe(200)
    expect(arrivals('twse').map(({ status }) => status)).toEqual([200, 200, 200, 307, 200, 428, 0, 0, 200])
    expect(arrivals('twse').map(({ refused }) => refused)).toEqual([
      ...Array(3).fill(false),
      ...Array(5).fill(true),
      false,
    ])
    expect(violations('twse')).toHaveLength(4)
    expect(arrivals('twse')[1]?.atMs).toBe(1_000_100)
    expect(arrivals('twse')[0]?.path).toBe(month)
  })

  it('divides windows and bans by the time scale', async () => {
    let atMs = 0
    const { url, violations } = await start({ arrivalClock: () => atMs, timeScale: 100 })
    for (let request = 0; request < 10; request++) {
      atMs += 17
      expect((await fetch(url('twse') + month)).status).toBe(200)
    }
    expect(violations('twse')).toEqual([])
  })

  it('takes other limits in place of its own, and tells callers apart by their token where there is one', async () => {
    const limits = { worldtradingdata: [{ requests: 1, perMs: 1_000, banMs: 0 }] }
    const { url, arrivals } = await start({ arrivalClock: () => 5, limits })
    const ask = (token: string) => fetch(`${url('worldtradingdata')}/api/v1/stock?symbol=SNAP&api_token=${token}`)
    expect([(await ask('a')).status, (await ask('b')).status, (await ask('a')).status]).toEqual([200, 200, 429])
    expect(arrivals('worldtradingdata').map(({ credential }) => credential)).toEqual(['a', 'b', 'a'])
  })

  it('refuses in plain text at Yahoo', async () => {
    const { url } = await start({ limits: { yahoo: [{ requests: 0, perMs: 1_000, banMs: 0 }] } })
    const response = await fetch(`${url('yahoo')}/v8/finance/chart/2330.TW`)
    expect(response.status).toBe(429)
    expect(await response.text()).toBe('Too Many Requests\r\n')
  })
})

describe('recordings', () => {
  it('are not served unless asked for, and the truth is', async () => {
    const { url, recordedQuestions } = await start()
    const response = await fetch(url('twse') + month)
    expect(response.headers.get('x-emulator')).toBe('generated')
    expect(recordedQuestions('twse')).toEqual([])
  })

  it.skipIf(folder === undefined)('answer exactly their question, byte by byte', async () => {
    const { url, recordedQuestions } = await start({ limits: { twse: [] }, ...(folder && { recorded: folder }) })
    expect(recordedQuestions('twse').length).toBeGreaterThan(5)
    const recorded = await fetch(url('twse') + month)
    expect(recorded.headers.get('x-emulator')).toBe('recorded')
    expect(await recorded.text()).toContain('"61,545,741"')
    const other = await fetch(url('twse') + month.replace('20241109', '20241209'))
    expect(other.headers.get('x-emulator')).toBe('generated')
    const foreign = recordedQuestions('yahoo').find((question) => question.includes('/AAPL?')) ?? ''
    const chart = await fetch(url('yahoo') + foreign)
    expect(await chart.json()).toMatchObject({ chart: { result: [{ meta: { symbol: 'AAPL' } }], error: null } })
  })
})

it.each([
  ['twse', '//'],
  ['twse', '/rwd/zh/afterTrading/STOCK_DAY?date=soon&stockNo=%00'],
  ['twse', '/rwd/zh/afterTrading/STOCK_DAY?date=99991231&stockNo=2330'],
  ['twse', '/rwd/zh/afterTrading/MI_INDEX?date=00010101'],
  ['twse', '/%E0%A4%A'],
  ['yahoo', '/v8/finance/chart/2330.TW?period1=-1e30&period2=1e30'],
  ['yahoo', '/v8/finance/chart/2330.TW?range=999y'],
  ['worldtradingdata', '/api/v1/history?symbol=SNAP&date_to=soon&api_token=k'],
] as const)('nonsense asked of %s is answered, and the emulator lives on: %s', async (upstream, path) => {
  const { url } = await start()
  expect((await fetch(url(upstream) + path)).status).toBeLessThan(500)
  expect((await fetch(`${url(upstream)}/nothing`)).status).toBe(404)
})

it('an unknown path is answered 404, and an unknown upstream is refused with the names of the known', async () => {
  const { url } = await start()
  expect((await fetch(`${url('twse')}/nothing`)).status).toBe(404)
  // Callers in JavaScript are not held by the type.
  expect(() => url('nasdaq' as 'twse')).toThrow('twse, yahoo, worldtradingdata')
})
