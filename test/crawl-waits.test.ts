import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type CrawlRig, startCrawlRig } from './crawl-rig.js'
import { send, until } from './crawl-talk.js'

const ATTEMPTS_MAX = 2
const order = { connector: 'yahoo', plan: 'daily-bars', instruments: ['TWSE:2330'] }

let rig: CrawlRig
beforeAll(async () => {
  rig = await startCrawlRig('yahoo', {
    limits: 'none',
    settings: { 'crawl.restMs': '1', 'crawl.failuresMax': '1000', 'crawl.attemptsMax': String(ATTEMPTS_MAX) },
    emulator: { now: () => Date.parse('2024-12-31T12:00:00Z') },
  })
})
afterEach(() => rig.emulator.faults.clear())
afterAll(() => rig.close())

/** Orders a crawl whose page is refused so often with 429, and lets the connector go on each time. */
async function crawlWithWaits(window: { readonly start: string; readonly end: string }, waits: number) {
  rig.emulator.faults.set('yahoo', { kind: 'status', status: 429, match: /chart/, times: waits })
  const { failures: before } = await statusOf()
  const { id } = await send(rig.server, 'POST', '/v1/crawls', { ...order, ...window })
  for (let wait = 1; wait <= waits; wait++) {
    await until(statusOf, ({ failures, blockedUntilMs }) => failures === before + wait && blockedUntilMs !== null)
    if (wait === waits) rig.emulator.faults.set('yahoo', { kind: 'drop', match: /chart/, times: ATTEMPTS_MAX - 1 })
    await send(rig.server, 'POST', '/v1/connectors/yahoo', { revive: false })
  }
  return until(
    () => send(rig.server, 'GET', `/v1/crawls/${id}`),
    ({ state }) => state === 'done',
  )
}

async function statusOf(): Promise<{ readonly failures: number; readonly blockedUntilMs: number | null }> {
  const connectors: { id: string; status: { failures: number; blockedUntilMs: number | null } }[] = await send(
    rig.server,
    'GET',
    '/v1/connectors',
  )
  const status = connectors.find(({ id }) => id === 'yahoo')?.status
  if (status === undefined) throw new Error('There is no connector yahoo.')
  return status
}

test('a task that waited with its connector more often than it may fail is not dead at its first failure', async () => {
  const done = await crawlWithWaits({ start: '2024-03-01', end: '2024-04-01' }, ATTEMPTS_MAX + 1)
  expect(done.tasks).toMatchObject({ done: 1, dead: 0 })
})
