import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { barAt, type LiveRig, openLiveRig } from './live-rig.js'

let rig: LiveRig

beforeEach(async () => {
  rig = await openLiveRig()
})
afterEach(() => rig.close())

describe('publish and subscribe', () => {
  test('a bar that is published is stored, acknowledged and sent to who listens', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    const subscribed = await listener.say('sub_kmin')
    expect(subscribed).toMatchObject({ ok: true, topic: 'kmin', seq: 0, instruments: null, gone: false })

    const bars = [barAt(rig.session, 'A', 0), barAt(rig.session, 'B', 0)]
    const published = await publisher.say('pub_kmin', { bars })
    expect(published).toMatchObject({
      ok: true,
      topic: 'kmin',
      epoch: subscribed.epoch,
      seq: 1,
      rows: 2,
      messages: 1,
      created_instruments: ['SIM:A', 'SIM:B'],
    })

    await listener.until(() => listener.messages.length === 1)
    const [message] = listener.messages
    expect(message).toMatchObject({ epoch: subscribed.epoch, seq: 1, ts: bars[0]?.ts })
    expect(message?.bars).toEqual(await rig.stored('1m'))
  })

  test('each subscriber gets the bars that it asked for', async () => {
    const publisher = await rig.connect()
    const [all, one, both] = await Promise.all([rig.connect(), rig.connect(), rig.connect()])
    await all.say('sub_kmin')
    expect(await one.say('sub_kmin', { instruments: ['SIM:A'] })).toMatchObject({ instruments: 1 })
    await both.say('sub_kmin', { instruments: ['SIM:A'] })
    expect(await both.say('sub_kmin', { instruments: ['SIM:C'] })).toMatchObject({ instruments: 2 })

    await publisher.say('pub_kmin', { bars: ['A', 'B', 'C'].map((name) => barAt(rig.session, name, 0)) })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'B', 1)] })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 2)] })
    const names = ({ messages }: typeof all) =>
      messages.map(({ seq, bars }) => [seq, bars.map(({ instrument }) => instrument.slice(4)).join('')])
    await Promise.all([all.until(() => all.messages.length === 3), one.until(() => one.messages.length === 2)])
    await both.until(() => both.messages.length === 2)
    expect(names(all)).toEqual([
      [1, 'ABC'],
      [2, 'B'],
      [3, 'A'],
    ])
    expect(names(one)).toEqual([
      [1, 'A'],
      [3, 'A'],
    ])
    expect(names(both)).toEqual([
      [1, 'AC'],
      [3, 'A'],
    ])

    expect(await both.say('unsub_kmin', { instruments: ['SIM:A'] })).toMatchObject({ ok: true, instruments: 1 })
    expect(await one.say('unsub_kmin')).toMatchObject({ ok: true, instruments: 0 })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 3), barAt(rig.session, 'C', 3)] })
    await both.until(() => both.messages.length === 3)
    expect(names(both).at(-1)).toEqual([4, 'C'])
    // Its answer comes behind whatever would have been sent to it before.
    await one.say('unsub_kmin')
    expect(one.messages).toHaveLength(2)
  })

  test('a correction is a message too, and the store has what was sent last', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    await listener.say('sub_kmin')
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 10)] })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 20)] })
    await listener.until(() => listener.messages.length === 2)
    const [first, second] = listener.messages.map(({ bars: [bar] }) => bar)
    expect([first?.close, second?.close]).toEqual([10, 20])
    expect((first?.known_at ?? '') < (second?.known_at ?? '')).toBe(true)
    expect(await rig.stored('1m')).toEqual([second])
  })

  test('bars before the live window are kept and not sent', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    await listener.say('sub_kmin')
    const old = { ...barAt(rig.session, 'A', 0), ts: '2020-01-02T01:00:00Z' }
    expect(await publisher.say('pub_kmin', { bars: [old] })).toMatchObject({ ok: true, rows: 1, messages: 0, seq: 0 })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    await listener.until(() => listener.messages.length > 0)
    expect(listener.messages.map(({ seq, ts }) => [seq, ts])).toEqual([[1, barAt(rig.session, 'A', 0).ts]])
    expect(await rig.stored('1m')).toHaveLength(2)
  })

  test('what is wrong with a message is named, and nothing of it is written', async () => {
    const publisher = await rig.connect()
    const bad = [barAt(rig.session, 'A', 0), { ...barAt(rig.session, 'B', 0), high: 1 }]
    const { error } = await publisher.say('pub_kmin', { bars: bad })
    expect(error).toMatchObject({ code: 'INVALID_ROWS', status: 422, errors: [{ index: 1, field: 'high' }] })
    const refusals: [unknown, string][] = [
      [{ bars: [{ ...barAt(rig.session, 'A', 0), ts: '2026-11-20T01:00:00' }] }, 'INVALID_ROWS'],
      [{ bars: [{ ...barAt(rig.session, 'A', 0), colour: 'red' }] }, 'INVALID_ROWS'],
      [{ bars: [barAt(rig.session, 'A', 0), barAt(rig.session, 'A', 0)] }, 'INVALID_ROWS'],
      [{ bars: [{ ...barAt(rig.session, 'A', 0), instrument: 'MOON:1' }] }, 'UNKNOWN_EXCHANGE'],
      [{ bars: 'all' }, 'INVALID_PARAMETER'],
      [{ bar: [] }, 'UNKNOWN_PARAMETER'],
      [undefined, 'INVALID_PARAMETER'],
    ]
    for (const [payload, code] of refusals) {
      expect([payload, (await publisher.say('pub_kmin', payload)).error?.code]).toEqual([payload, code])
    }
    expect((await publisher.say('sub_kmni')).error).toMatchObject({ code: 'INVALID_PARAMETER' })
    expect((await publisher.say('sub_kmin', { instruments: ['2330'] })).error?.code).toBe('INVALID_PARAMETER')
    expect(await rig.stored('1m')).toEqual([])
  })

  test('who asks for no answer is told of a refusal all the same', async () => {
    const publisher = await rig.connect()
    const refused = new Promise((resolve) => publisher.socket.once('refused', resolve))
    publisher.socket.emit('pub_kmin', { bars: 1 })
    expect(await refused).toMatchObject({ error: { code: 'INVALID_PARAMETER' } })
  })
})

describe('one publisher a topic', () => {
  test('a second publisher is refused until the first goes away', async () => {
    const [first, second] = await Promise.all([rig.connect(), rig.connect()])
    const { lease } = await first.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    const refusal = await second.say('pub_kmin', { bars: [barAt(rig.session, 'B', 0)] })
    expect(refusal.error).toMatchObject({ code: 'LEASE_HELD', status: 409 })
    expect(await second.say('pub_khour', { bars: [barAt(rig.session, 'B', 0)] })).toMatchObject({ ok: true })

    first.socket.disconnect()
    // The server notices the end of one connection on its own time.
    let taken = await second.say('lease_kmin')
    while (taken.error?.code === 'LEASE_HELD') taken = await second.say('lease_kmin')
    expect(taken.lease.token).toBeGreaterThan(lease.token)
    expect(await second.say('pub_kmin', { bars: [barAt(rig.session, 'B', 0)] })).toMatchObject({ ok: true })
  })

  test('a lease that is taken over bars its former holder until it asks anew', async () => {
    const [first, second, listener] = await Promise.all([rig.connect(), rig.connect(), rig.connect()])
    await listener.say('sub_kmin')
    const before = await first.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 10)] })
    expect((await second.say('lease_kmin')).error?.code).toBe('LEASE_HELD')
    expect(await second.say('lease_kmin', { takeover: true })).toMatchObject({ ok: true })
    const late = [first.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 11)] })]
    late.push(first.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 12)], token: before.lease.token }))
    expect((await Promise.all(late)).map(({ error }) => error?.code)).toEqual(['LEASE_LOST', 'LEASE_LOST'])
    await second.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 13)] })
    expect((await first.say('lease_kmin')).error?.code).toBe('LEASE_HELD')
    await second.say('unlease_kmin')
    expect(await first.say('lease_kmin')).toMatchObject({ ok: true })
    expect(await first.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0, 14)] })).toMatchObject({ ok: true })
    await listener.until(() => listener.messages.length === 3)
    expect(listener.messages.map(({ bars }) => bars[0]?.close)).toEqual([10, 13, 14])
    expect((await rig.stored('1m')).map(({ close }) => close)).toEqual([14])
  })

  test('a publisher that comes back with its token goes on in its term, unless another has begun', async () => {
    const first = await rig.connect()
    const { lease } = await first.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    first.socket.disconnect()
    const again = await rig.connect()
    const resumed = await again.say('pub_kmin', { bars: [barAt(rig.session, 'A', 1)], token: lease.token })
    expect(resumed.lease.token).toBe(lease.token)
    const other = await rig.connect()
    await other.say('lease_kmin', { takeover: true })
    const third = await rig.connect()
    const stale = await third.say('pub_kmin', { bars: [barAt(rig.session, 'A', 2)], token: lease.token })
    expect(stale.error?.code).toBe('LEASE_LOST')
    expect(await rig.stored('1m')).toHaveLength(2)
  })
})

describe('resuming', () => {
  test('what came after a place is sent first, then what is new', async () => {
    const [publisher, early] = await Promise.all([rig.connect(), rig.connect()])
    await early.say('sub_kmin')
    const first = await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    for (const minute of [1, 2, 3]) await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', minute)] })
    const listener = await rig.connect()
    const { epoch, seq } = first
    expect(await listener.say('sub_kmin', { since: { epoch, seq } })).toMatchObject({ epoch, seq, gone: false })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 4)] })
    await Promise.all(
      [early, listener].map((ear) => ear.until(() => ear.messages.at(-1)?.ts === barAt(rig.session, 'A', 4).ts)),
    )
    expect(listener.messages).toEqual(early.messages.slice(1))
    expect(listener.done).toEqual(early.done)
    expect(listener.done.length).toBeGreaterThan(0)
  })

  test('a place of another log is gone, and the subscription goes on from now', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    const answer = await listener.say('sub_kmin', { since: { epoch: 'another', seq: 1 } })
    expect(answer).toMatchObject({ ok: true, gone: true, seq: 1 })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 1)] })
    await listener.until(() => listener.messages.length === 1)
    expect(listener.messages[0]?.seq).toBe(2)
    expect((await listener.say('sub_kmin', { since: { epoch: 'another', seq: 1 } })).error?.code).toBe(
      'INVALID_PARAMETER',
    )
  })
})

describe('done', () => {
  test('a minute is done when all that had a bar before have theirs, behind those bars', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    await listener.say('sub_kmin')
    await publisher.say('pub_kmin', {
      bars: ['A', 'B'].map((name) => barAt(rig.session, name, 0)),
      done: barAt(rig.session, 'A', 0).ts,
    })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 1)] })
    const { seq } = await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'B', 1)] })
    await listener.until(() => listener.done.length === 2)
    expect(listener.done).toMatchObject([
      { seq: 2, ts: barAt(rig.session, 'A', 0).ts, exchange: 'SIM', instruments: 2, missing: [] },
      { seq, ts: barAt(rig.session, 'A', 1).ts, exchange: 'SIM', instruments: 2, missing: [] },
    ])
    expect(listener.messages.map((message) => message.seq)).toEqual([1, 3, 4])
  })

  test('who is declared and has no bar is missing when the publisher says done', async () => {
    const [publisher, listener] = await Promise.all([rig.connect(), rig.connect()])
    await listener.say('sub_kmin', { instruments: ['SIM:B'] })
    const { ts } = barAt(rig.session, 'A', 0)
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)], expects: ['SIM:A', 'SIM:B'], done: ts })
    await listener.until(() => listener.done.length === 1)
    expect(listener.done).toMatchObject([{ ts, instruments: 1, missing: ['SIM:B'] }])

    // What was declared ends with the term.
    const next = await rig.connect()
    await next.say('lease_kmin', { takeover: true })
    await next.say('pub_kmin', { bars: [barAt(rig.session, 'A', 1)] })
    await listener.until(() => listener.done.length === 2)
    expect(listener.done[1]).toMatchObject({ instruments: 1, missing: [] })
  })
})

describe('hours and days out of minutes', () => {
  test('they build up, and close when the last minute is done, also for who did not trade in it', async () => {
    const [publisher, hours, days] = await Promise.all([
      rig.connect(),
      rig.connect({ topic: 'khour' }),
      rig.connect({ topic: 'kday' }),
    ])
    await hours.say('sub_khour')
    await days.say('sub_kday')
    const { session } = rig
    await publisher.say('pub_kmin', { bars: [barAt(session, 'A', 0, 10), barAt(session, 'B', 0, 30)] })
    await publisher.say('pub_kmin', { bars: [barAt(session, 'A', 1, 20)] })
    await hours.until(() => hours.messages.flatMap(({ bars }) => bars).some(({ close }) => close === 20))
    await publisher.say('pub_kmin', { bars: [barAt(session, 'A', 59, 5)], done: barAt(session, 'A', 59).ts })
    await hours.until(() => hours.done.length === 1)
    const final = hours.messages.flatMap(({ bars }) => bars).filter((bar) => bar.final)
    expect(
      final.map(({ instrument, open, high, low, close, volume, source }) => [
        instrument,
        open,
        high,
        low,
        close,
        volume,
        source,
      ]),
    ).toEqual([
      ['SIM:A', 10, 21, 4, 5, 300, 'derived:1m'],
      ['SIM:B', 30, 31, 29, 30, 100, 'derived:1m'],
    ])
    expect(await rig.stored('1h')).toEqual(final)
    await days.until(() => days.messages.flatMap(({ bars }) => bars).some(({ close }) => close === 5))
    expect(days.messages.flatMap(({ bars }) => bars).every((bar) => !bar.final)).toBe(true)

    await publisher.say('pub_kmin', { bars: [barAt(session, 'B', 30, 50)] })
    await hours.until(() => hours.messages.flatMap(({ bars }) => bars).some((bar) => bar.final && bar.close === 50))
    expect((await rig.stored('1h')).map(({ close }) => close)).toEqual([5, 50])
  })
})

describe('over HTTP', () => {
  const post = (path: string, body?: unknown) =>
    fetch(`${rig.server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body ?? {}),
    })

  test('what is posted is broadcast by notify, once', async () => {
    const listener = await rig.connect()
    await listener.say('sub_kmin')
    const bars = [barAt(rig.session, 'A', 0), barAt(rig.session, 'B', 1)]
    expect((await post('/v1/bars/1m?source=mine', bars)).status).toBe(201)
    const answer = await post('/v1/bars/1m/notify', { done: bars[0]?.ts })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ data: { topic: 'kmin', bars: 2, messages: 3, seq: 3 } })
    await listener.until(() => listener.messages.length === 2 && listener.done.length === 1)
    expect(listener.messages.flatMap((message) => message.bars)).toEqual(await rig.stored('1m'))
    const nothing = await fetch(`${rig.server.url}/v1/bars/1m/notify`, { method: 'POST' })
    expect(await nothing.json()).toMatchObject({ data: { bars: 0, seq: 3 } })
  })

  test('notify needs the lease', async () => {
    const publisher = await rig.connect()
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)] })
    const answer = await post('/v1/bars/1m/notify')
    expect(answer.status).toBe(409)
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await answer.json()).toMatchObject({ code: 'LEASE_HELD' })
  })

  test('server-sent events tell the same, and resume behind Last-Event-ID', async () => {
    const publisher = await rig.connect()
    // What is expected and does not come keeps minutes open: no done stands between the bars.
    const expects = ['SIM:A', 'SIM:B']
    const { epoch } = await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 0)], expects })
    for (const minute of [1, 2]) await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', minute)] })
    const stream = await openStream('/v1/stream?topic=kmin&instruments=SIM:A', `${epoch}-1`)
    expect(await stream.next()).toMatchObject({ event: 'kmin', id: `${epoch}-2`, data: { seq: 2 } })
    expect(await stream.next()).toMatchObject({ event: 'kmin', id: `${epoch}-3` })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'B', 3)] })
    await publisher.say('pub_kmin', { bars: [barAt(rig.session, 'A', 4)] })
    expect(await stream.next()).toMatchObject({ id: `${epoch}-5`, data: { bars: [{ instrument: 'SIM:A' }] } })
    await stream.close()

    const late = await openStream('/v1/stream?topic=kmin', 'another-1')
    expect(await late.next()).toMatchObject({
      event: 'gap',
      data: { topic: 'kmin', since: { epoch: 'another', seq: 1 }, until: { epoch, seq: 5 }, reason: 'gone' },
    })
    await late.close()
    expect((await fetch(`${rig.server.url}/v1/stream?topic=kmni`)).status).toBe(400)
  })

  async function openStream(path: string, lastEventId: string) {
    const stop = new AbortController()
    const answer = await fetch(`${rig.server.url}${path}`, {
      headers: { 'last-event-id': lastEventId },
      signal: stop.signal,
    })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const chunks = (answer.body ?? new ReadableStream<Uint8Array>()).getReader()
    const decoder = new TextDecoder()
    let text = ''
    const next = async () => {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end === -1) {
          text += decoder.decode((await chunks.read()).value, { stream: true })
          continue
        }
        const event = text.slice(0, end)
        text = text.slice(end + 2)
        const fields = new Map(
          event.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        )
        if (fields.has('data')) {
          return { event: fields.get('event'), id: fields.get('id'), data: JSON.parse(fields.get('data') ?? '') }
        }
      }
    }
    return {
      next,
      async close() {
        stop.abort()
        await chunks.read().catch(() => undefined)
      },
    }
  }
})
