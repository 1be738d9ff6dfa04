import { afterEach, expect, it } from 'vitest'
import { type Emulator, type EmulatorOptions, startEmulator } from '../start-emulator.js'

let emulator: Emulator | undefined
afterEach(async () => {
  await emulator?.close()
  emulator = undefined
})

async function start(options: EmulatorOptions = {}) {
  const started = await startEmulator({ now: () => Date.parse('2026-11-20T20:00:00+08:00'), stocks: 15, ...options })
  emulator = started
  const ask = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const answer = await fetch(started.url('finmind') + path, { headers })
    return { head: answer.status, ...(await answer.json()) }
  }
  return { ...started, ask }
}

const price = '/api/v4/data?dataset=TaiwanStockPrice&data_id=2330&start_date=2026-11-16&end_date=2026-11-20'
const kbar = '/api/v4/data?dataset=TaiwanStockKBar&data_id=2330&start_date=2026-11-16'

it('answers 300 requests of an hour without a token, then 402, and bans who goes on', async () => {
  let atMs = 0
  const { ask } = await start({ arrivalClock: () => atMs })
  for (let request = 0; request < 300; request++) await ask('/v2/user_info')
  const over = []
  for (let request = 0; request < 12; request++) over.push((await ask(price)).status)
  expect(over).toEqual([...Array(10).fill(402), 403, 403])
  atMs = 3_600_001
  expect(await ask(price)).toMatchObject({ head: 200, status: 200 })
})

it('counts each token by itself, and tells how much is used', async () => {
  const { ask } = await start({ arrivalClock: () => 0 })
  await ask(price, 'free-one')
  expect(await ask('/v2/user_info', 'free-one')).toMatchObject({ user_count: 2, api_request_limit: 600 })
  expect(await ask('/v2/user_info', 'sponsor-two')).toMatchObject({ user_count: 1 })
  expect(await ask('/v2/user_info')).toMatchObject({ head: 400, status: 400 })
})

it('refuses a level under a head of 200, a token that nobody has, and a dataset that is not there', async () => {
  const { ask } = await start()
  expect(await ask(kbar, 'free-one')).toMatchObject({ head: 200, status: 400, msg: expect.stringContaining('free') })
  expect(await ask(price, 'made-up')).toMatchObject({ head: 400, msg: 'Token is illegal.' })
  expect(await ask('/api/v4/data?dataset=Nothing')).toMatchObject({ head: 422, detail: expect.any(Array) })
  expect(await ask(price.replace('&data_id=2330', ''))).toMatchObject({ head: 400, status: 400 })
})

it('gives a token for a password, and tells the same days and minutes as the exchange', async () => {
  const { ask, url, truth } = await start()
  const body = new URLSearchParams({ user_id: 'sponsor-a', password: 'b' })
  const login = await (await fetch(`${url('finmind')}/api/v4/login`, { method: 'POST', body })).json()
  const days = await ask(price, login.token)
  const told = truth.days('2330', '2026-11-16', '2026-11-21')
  expect(days.data.map((row: { close: number }) => row.close)).toEqual(told.map(({ close }) => close))
  const { data } = await ask(kbar, login.token)
  const minutes = truth.minutes('2330', '2026-11-16')
  expect(data).toHaveLength(minutes.length)
  expect(data.at(-1)).toMatchObject({ minute: '13:30:00', volume: (minutes.at(-1)?.volumeShares ?? 0) / 1_000 })
  expect((await ask(kbar.replace('2026-11-16', '2019-02-20'), login.token)).data).toEqual([])
})
