import { expect, test } from 'vitest'
import { testArrow } from './arrow.contract.js'
import { createGate, pagesOf, sendData, sendJson, sendProblem, startFakeServer } from './fake-server.contract.js'
import { type RunScenario, scenarioNowMs } from './scenarios.contract.js'

/** The tests that the client must pass wherever it runs, against a real HTTP server. */
export function testClient(runScenario: RunScenario): void {
  testLists(runScenario)
  testRetriesAndErrors(runScenario)
  testAborting(runScenario)
  testArrow(runScenario)
}

function testLists(runScenario: RunScenario): void {
  test('a list that nobody reads asks for nothing', async () => {
    const { url, seen } = await startFakeServer((_, response) => sendJson(response, {}))
    await runScenario('createAListAndNotReadIt', url)
    expect(seen.map(({ path }) => path)).toEqual(['/healthz'])
  })

  test('1,000 rows in pages of 5, left at the 50th, are 10 requests', async () => {
    const { url, seen } = await startFakeServer(pagesOf(1_000))
    const ids = await runScenario('leaveAListAtItsFiftiethRow', url)
    expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => index))
    const filters = 'limit=5&Location=玉山 & 山莊'
    expect(seen.map(({ query }) => query.replaceAll('+', ' '))).toEqual(
      Array.from({ length: 10 }, (_, page) => (page === 0 ? filters : `${filters}&cursor=${page * 5}`)),
    )
  })

  test('short and empty pages do not end a list; the cursor does', async () => {
    const pages = [[1], [], [2, 3], [4, 5, 6]]
    const { url, seen } = await startFakeServer((_, response, number) =>
      sendData(response, pages[number - 1], { next_cursor: number < 4 ? `after ${number}` : null }),
    )
    expect(await runScenario('readAllPages', url)).toEqual([1, 0, 2, 3])
    expect(seen).toHaveLength(4)
  })

  test('leaving a list while a page is on its way cancels that request and asks for no further page', async () => {
    const asked = createGate()
    const hungUp = createGate()
    const { url, seen } = await startFakeServer(({ path, query }, response) => {
      if (path === '/healthz') return void asked.opened.then(() => sendJson(response, {}))
      if (query === '') return sendData(response, [1], { next_cursor: 'two' })
      response.on('close', hungUp.open) // never answered
      asked.open()
    })
    expect(await runScenario('leaveAListWhileAPageIsOnItsWay', url)).toBe(true)
    await hungUp.opened
    expect(seen.filter(({ path }) => path === '/v1/instruments')).toHaveLength(2)
  })
}

function testRetriesAndErrors(runScenario: RunScenario): void {
  test('429 and 503 are asked again with full jitter over a growing window', async () => {
    const { url, seen } = await startFakeServer((_, response, number) =>
      number <= 3
        ? sendProblem(response, number === 2 ? 'TOO_MANY_REQUESTS' : 'OVER_CAPACITY')
        : sendData(response, ['ok']),
    )
    expect(await runScenario('askForExchanges', url)).toEqual({ exchanges: ['ok'], slept: [125, 250, 500] })
    expect(seen).toHaveLength(4)
  })

  test('Retry-After is obeyed in seconds and as a date', async () => {
    const headers = ['7', new Date(scenarioNowMs + 30_000).toUTCString()]
    const { url } = await startFakeServer((_, response, number) => {
      const retryAfter = headers[number - 1]
      if (retryAfter === undefined) return sendData(response, [])
      sendProblem(response, 'SERVICE_UNAVAILABLE', { 'retry-after': retryAfter })
    })
    expect(await runScenario('askForExchanges', url)).toEqual({ exchanges: [], slept: [7_000, 30_000] })
  })

  test('a Retry-After longer than two minutes is handed to the caller', async () => {
    const { url, seen } = await startFakeServer((_, response) =>
      sendProblem(response, 'TOO_MANY_REQUESTS', { 'retry-after': '3600' }),
    )
    expect(await runScenario('askAServerThatAsksForAnHour', url)).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      retry: { afterMs: 3_600_000 },
    })
    expect(seen).toHaveLength(1)
  })

  test('an answer that breaks off is asked for again', async () => {
    const { url, seen } = await startFakeServer((_, response, number) => {
      if (number > 1) return sendData(response, ['ok'])
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"data": [', () => response.destroy())
    })
    expect(await runScenario('askForExchanges', url)).toMatchObject({ exchanges: ['ok'] })
    expect(seen).toHaveLength(2)
  })

  test('a problem becomes the error of its code, with message and details, and is not asked again', async () => {
    const { url, seen } = await startFakeServer((_, response) => sendProblem(response, 'INVALID_TIME_WINDOW'))
    expect(await runScenario('askWhatIsRefused', url)).toMatchObject({
      name: 'BarkeepError',
      code: 'INVALID_TIME_WINDOW',
      status: 400,
      message: 'message of INVALID_TIME_WINDOW',
      errors: [{ code: 'INVALID_TIME_WINDOW', parameter: 'start' }],
    })
    expect(seen).toHaveLength(1)
  })

  test('a bulk create that is repeated keeps its idempotency key; another has its own', async () => {
    const report = { interval: '1m', rows: 1, replaced: 0, created_instruments: [] }
    const { url, seen } = await startFakeServer((_, response, number) =>
      number <= 2 ? sendProblem(response, 'OVER_CAPACITY') : sendData(response, report),
    )
    expect(await runScenario('uploadTwice', url)).toEqual(report)
    const keys = seen.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys).toEqual([keys[0], keys[0], keys[0], 'mine'])
    expect(seen[2]).toMatchObject({
      method: 'POST',
      path: '/v1/bars/1m',
      query: 'source=hand',
      body: 'instrument,ts\n',
    })
    expect(seen[2]?.headers['content-type']).toBe('text/csv')
  })
}

function testAborting(runScenario: RunScenario): void {
  const cancelled = { code: 'CANCELLED_REQUEST', cause: 'enough' }

  test('aborting is CANCELLED_REQUEST, while an answer is on its way and before a request', async () => {
    const asked = createGate()
    const hungUp = createGate()
    const { url, seen } = await startFakeServer(({ path }, response) => {
      if (path === '/healthz') return void asked.opened.then(() => sendJson(response, {}))
      response.on('close', hungUp.open)
      asked.open()
    })
    expect(await runScenario('abortWhileAnAnswerIsOnItsWay', url)).toMatchObject([cancelled, cancelled])
    await hungUp.opened
    expect(seen.filter(({ path }) => path === '/v1/exchanges')).toHaveLength(1)
  })

  test('aborting between attempts is CANCELLED_REQUEST', async () => {
    const { url, seen } = await startFakeServer((_, response) => sendProblem(response, 'OVER_CAPACITY'))
    expect(await runScenario('abortBetweenAttempts', url)).toMatchObject(cancelled)
    expect(seen).toHaveLength(1)
  })

  test('raw bytes come as they arrive, and leaving them cancels the download', async () => {
    const hungUp = createGate()
    const { url, seen } = await startFakeServer((_, response) => {
      response.on('close', hungUp.open)
      response.writeHead(200, { 'content-type': 'text/csv' }).write('instrument,ts\n') // and never ends
    })
    expect(await runScenario('readRawBytesAndLeave', url)).toBe('instrument,ts\n')
    await hungUp.opened
    expect(seen[0]).toMatchObject({ query: 'interval=1h&start=2020-06-01&end=2020-07-01&format=csv' })
  })
}
