import { describe, expect, it } from 'vitest'
import { fakeContext } from '../fake-context.contract.js'
import { fixture } from '../fixture.contract.js'
import { parseMis } from './parse-mis.js'
import { quotes } from './quotes.js'

const task = {
  connector: 'twse',
  handler: 'quotes',
  params: { instruments: ['TWSE:1234', 'TPEX:6789'], askedMs: 1_709_689_502_000 },
}
const run = (body: string, status = 200) => {
  const context = fakeContext({ now: '2024-03-06T01:45:02Z', answers: [{ body, status }] })
  return { context, result: quotes(task, context) }
}

describe('quotes', () => {
  it('are asked for by channel, several at once', async () => {
    const { context, result } = run(fixture(import.meta.url, 'mis.json'))
    await result
    expect(context.asked[0]?.url).toContain('ex_ch=tse_1234.tw%7Cotc_6789.tw&')
  })

  it('have volume in shares, the best prices, and null for what is not there', async () => {
    const { data } = await run(fixture(import.meta.url, 'mis.json')).result
    expect(data).toMatchObject({
      rows: [
        {
          dataset: 'twse_quotes',
          rows: [
            {
              instrument: 'TWSE:1234',
              ts: '2024-03-06T01:44:54Z',
              last: null,
              open: 1020,
              high: 1035,
              low: 1015,
              reference: 1015,
              volume: 1_350_000,
              bid: 1025,
              ask: 1030,
              limit_up: 1115,
              limit_down: 914,
            },
            { instrument: 'TPEX:6789', last: 51, volume: 12_000, bid: null, ask: null },
            { instrument: 'TWSE:t00', last: 19130.81, volume: null, bid: null, limit_up: null },
          ],
        },
      ],
      covers: [],
      refused: [{ reason: 'unknown code' }],
    })
  })

  it('of a fund whose lot is not known have no volume, which would be that of another lot', async () => {
    const page = JSON.parse(fixture(import.meta.url, 'mis.json'))
    const body = JSON.stringify({ ...page, msgArray: [{ ...page.msgArray[0], c: '00636K' }] })
    const { data } = await run(body).result
    expect(data).toMatchObject({ rows: [{ rows: [{ instrument: 'TWSE:00636K', open: 1020, volume: null }] }] })
  })

  it.each([
    ['{"rtcode":"9999","rtmessage":"參數不足"}', 'UPSTREAM_REFUSED', 'MIS says 9999: 參數不足'],
    ['\r\n\r\n\r\n\r\n\r\n', 'UPSTREAM_REFUSED', 'blank lines'],
    ['too fast', 'UPSTREAM_RATE_LIMITED', 'asked too fast'],
    ['<html>系統維護</html>', 'UPSTREAM_FAILED', 'not JSON'],
    ['{"msgArray":[{"tv"', 'UPSTREAM_FAILED', 'not JSON'],
    ['', 'UPSTREAM_FAILED', 'not JSON'],
    ['FOR SECURITY REASONS, THIS PAGE CAN NOT BE ACCESSED!', 'UPSTREAM_BANNED', 'security page'],
  ])('are not taken for none when %j comes', async (body, code, message) => {
    await expect(run(body).result).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('of unknown codes alone bring no row, in the junk of today and in the empty list of before', async () => {
    const junk = await run('{"msgArray":[{"c":"","z":"-","s":"-","tv":"-"}],"rtcode":"0000"}').result
    expect(junk.data).toMatchObject({ rows: [{ rows: [] }], covers: [], refused: [{ reason: 'unknown code' }] })
    const none = await run('{"msgArray":[],"rtcode":"0000"}').result
    expect(none.data).toMatchObject({ rows: [{ rows: [] }], covers: [], refused: [] })
  })

  it('that repeat are refused', () => {
    const body = JSON.parse(fixture(import.meta.url, 'mis.json'))
    const told = parseMis({ ...body, msgArray: [body.msgArray[0], body.msgArray[0]] })
    expect([told.rows.length, told.refused.map(({ reason }) => reason)]).toEqual([1, ['code repeats']])
  })

  it('say which key is missing', () => {
    const body = JSON.parse(fixture(import.meta.url, 'mis.json'))
    delete body.msgArray[0].t
    expect(() => parseMis(body)).toThrow("'t' is missing in the message of '1234'")
  })
})
