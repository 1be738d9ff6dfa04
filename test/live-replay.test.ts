import { createClient, type StreamMessage } from '@barkeep/client'
import { simulatedCsv, simulatedInstruments } from '@barkeep/connectors'
import type { LiveBar, LiveDone, LiveMessage } from '@barkeep/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { barAt, type Ear, type LiveRig, openLiveRig } from './live-rig.js'

const date = '2026-11-19'
const MINUTES = 270
const instruments = simulatedInstruments(1).slice(0, 40)
const one = instruments[0]?.instrument ?? ''

let rig: LiveRig
let minutes: LiveBar[]

beforeAll(async () => {
  rig = await openLiveRig({ 'live.replaysMax': '2' })
  const csv = [...simulatedCsv({ seed: 1, interval: '1m', sessionDates: ['2026-11-18', date], instruments })].join('')
  await createClient({ url: rig.server.url }).createBars('1m', csv, { contentType: 'text/csv' })
  minutes = await rig.stored('1m', `start=${date}`, 'end=2026-11-20')
})
afterAll(() => rig?.close())

/** What an ear needs to hear more than bars and marks. */
const ended = (ear: Ear, topic = 'kmin') => new Promise((resolve) => ear.socket.once(`${topic}_end`, resolve))
const byTime = (bars: readonly LiveBar[]) =>
  bars.toSorted((a, b) => (`${a.ts} ${a.instrument}` < `${b.ts} ${b.instrument}` ? -1 : 1))
const barsOf = (messages: readonly LiveMessage[]) => messages.flatMap(({ bars }) => bars)

describe('on a connection', () => {
  test('a past day comes on its topic as the store has it, each minute in its turn and done', async () => {
    const ear = await rig.connect()
    const end = ended(ear)
    const ack = await ear.say('sub_kmin', { replay: { date, speed: 0 } })
    expect(ack).toMatchObject({ ok: true, topic: 'kmin', seq: 0, instruments: null, gone: false })
    expect(await end).toMatchObject({ epoch: ack.epoch, date, bars: minutes.length })
    expect(barsOf(ear.messages)).toEqual(byTime(minutes))
    expect(ear.messages).toHaveLength(new Set(minutes.map(({ ts }) => ts)).size)
    expect(ear.messages.every(({ ts, bars }) => bars.every((bar) => bar.ts === ts))).toBe(true)
    expect(ear.done.map(({ ts, exchange }) => `${exchange} ${ts}`)).toEqual(
      [...new Set(ear.done.map(({ ts }) => ts))].sort().map((ts) => `SIM ${ts}`),
    )
    expect(ear.done).toHaveLength(MINUTES)
    const places = [...ear.messages, ...ear.done].toSorted((a, b) => a.seq - b.seq)
    expect(places.map(({ epoch, seq }) => `${epoch} ${seq}`)).toEqual(places.map((_, at) => `${ack.epoch} ${at + 1}`))
    // Each mark follows the bars that it speaks of.
    const starts = places.map(({ ts }) => ts)
    expect(starts).toEqual(starts.toSorted())
    // The topic is free again.
    expect(await ear.say('sub_kmin')).toMatchObject({ ok: true, gone: false })
  })

  test('hours and days that nobody brought are made of minutes, as a read makes them', async () => {
    for (const [topic, interval] of [
      ['khour', '1h'],
      ['kday', '1d'],
    ] as const) {
      const ear = await rig.connect({ topic })
      const end = ended(ear, topic)
      await ear.say(`sub_${topic}`, { replay: { date, speed: 0 } })
      await end
      const read = await rig.stored(interval, `start=${date}`, 'end=2026-11-20', 'base=1m')
      expect(barsOf(ear.messages)).toEqual(byTime(read))
      expect(ear.done.map(({ ts, missing }) => [ts, missing])).toEqual(ear.messages.map(({ ts }) => [ts, []]))
    }
  })

  test('some instruments from a time on', async () => {
    const ear = await rig.connect()
    const end = ended(ear)
    const ack = await ear.say('sub_kmin', {
      instruments: [one, 'SIM:never'],
      replay: { date, start: `${date}T12:30:00+08:00`, speed: 0 },
    })
    expect(ack).toMatchObject({ ok: true, instruments: 2 })
    await end
    const wanted = minutes.filter(({ instrument, ts }) => instrument === one && ts >= `${date}T04:30:00Z`)
    expect(wanted.length).toBeGreaterThan(10)
    expect(barsOf(ear.messages)).toEqual(wanted)
  })

  test('what is live goes its own way: for others, and for other topics of the same connection', async () => {
    const [replayer, listener, publisher] = await Promise.all([rig.connect(), rig.connect(), rig.connect()])
    const hours: LiveMessage[] = []
    replayer.socket.on('khour', (message) => hours.push(message))
    await replayer.say('sub_khour')
    await listener.say('sub_kmin')
    const end = ended(replayer)
    await replayer.say('sub_kmin', { replay: { date, speed: 0 } })
    const bar = { ...barAt(rig.session, 'live', 3), instrument: one }
    const { epoch, seq } = await publisher.say('pub_kmin', { bars: [bar] })
    await listener.until(() => listener.messages.some((message) => message.seq === seq))
    await end
    expect(barsOf(replayer.messages)).toEqual(byTime(minutes))
    expect(listener.messages).toMatchObject([{ epoch, bars: [bar] }])
    // Word order: its answer comes behind what was sent before.
    while (hours.length === 0) await replayer.say('sub_khour')
    expect(hours.flatMap(({ bars }) => bars.map(({ instrument }) => instrument))).toContain(one)
  })

  test('one topic is either live or played, and a replay can be left at any time', async () => {
    const ear = await rig.connect()
    const slow = { replay: { date, speed: 1 } }
    expect(await ear.say('sub_kmin', slow)).toMatchObject({ ok: true })
    expect((await ear.say('sub_kmin')).error).toMatchObject({ code: 'INVALID_PARAMETER' })
    expect((await ear.say('sub_kmin', slow)).error).toMatchObject({ code: 'INVALID_PARAMETER' })
    expect(await ear.say('unsub_kmin')).toMatchObject({ ok: true, instruments: 0 })
    expect(await ear.say('sub_kmin')).toMatchObject({ ok: true, instruments: null })
    expect((await ear.say('sub_kmin', slow)).error).toMatchObject({ code: 'INVALID_PARAMETER' })
    expect(ear.messages).toEqual([])
  })

  test('more than live.replaysMax are refused until one is left or its connection ends', async () => {
    const [first, second, third] = await Promise.all([rig.connect(), rig.connect(), rig.connect()])
    const slow = { replay: { date, speed: 1 } }
    expect([await first.say('sub_kmin', slow), await second.say('sub_kday', slow)]).toMatchObject([
      { ok: true },
      { ok: true },
    ])
    expect((await third.say('sub_kmin', slow)).error).toMatchObject({ code: 'OVER_CAPACITY', status: 503 })
    second.socket.disconnect()
    let answer = await third.say('sub_kmin', slow)
    while (answer.error?.code === 'OVER_CAPACITY') answer = await third.say('sub_kmin', slow)
    expect(answer).toMatchObject({ ok: true })
    await first.say('unsub_kmin')
    await third.say('unsub_kmin')
  })

  test('what is wrong with a wish is named', async () => {
    const ear = await rig.connect()
    const wishes: [unknown, string][] = [
      [{ replay: {} }, 'INVALID_PARAMETER'],
      [{ replay: { date: '2026-13-01' } }, 'INVALID_PARAMETER'],
      [{ replay: { date: `${date}T01:00:00Z` } }, 'INVALID_PARAMETER'],
      [{ replay: { date, speed: -1 } }, 'INVALID_PARAMETER'],
      [{ replay: { date, speed: 'fast' } }, 'INVALID_PARAMETER'],
      [{ replay: { date, start: date } }, 'INVALID_PARAMETER'],
      [{ replay: { date, sped: 1 } }, 'UNKNOWN_PARAMETER'],
      [{ replay: { date }, since: { epoch: 'x', seq: 1 } }, 'INVALID_PARAMETER'],
      [{ replay: { date }, instruments: ['MOON:1'] }, 'UNKNOWN_EXCHANGE'],
    ]
    for (const [wish, code] of wishes) {
      expect([wish, (await ear.say('sub_kmin', wish)).error?.code]).toEqual([wish, code])
    }
    const end = ended(ear)
    await ear.say('sub_kmin', { replay: { date: '2020-01-01', speed: 0 } })
    expect(await end).toMatchObject({ messages: 0, bars: 0 })
  })
})

describe('as server-sent events', () => {
  const url = (query: string) => `${rig.server.url}/v1/stream?topic=kmin&replay=${date}&speed=0${query}`
  const eventsOf = async (headers: Record<string, string> = {}, query = '') => {
    const text = await (await fetch(url(query), { headers })).text()
    return text.split('\n\n').flatMap((block) => {
      const [, event, id, data] = /^event: (.*)\nid: (.*)\ndata: (.*)$/s.exec(block) ?? []
      return event === undefined ? [] : [{ event, id, data: JSON.parse(data ?? '') as LiveMessage & LiveDone }]
    })
  }

  test('a day is played to its end, and a reader that breaks off goes on where it was', async () => {
    const all = await eventsOf()
    expect(all.at(-1)).toMatchObject({ event: 'kmin_end', id: 'replay_end-0', data: { bars: minutes.length } })
    expect(all.flatMap(({ event, data }) => (event === 'kmin' ? data.bars : []))).toEqual(byTime(minutes))
    const cut = all.findLastIndex(({ event, data }) => event === 'kmin_done' && data.ts < `${date}T04:00:00Z`)
    const rest = await eventsOf({ 'last-event-id': all[cut]?.id ?? '' })
    expect(rest.map(({ event, data }) => [event, data.ts])).toEqual(
      all.slice(cut + 1).map(({ event, data }) => [event, data.ts]),
    )
    // A browser comes back by itself after the end, and stays away after this.
    expect((await fetch(url(''), { headers: { 'last-event-id': 'replay_end-0' } })).status).toBe(204)
  })

  test('what is wrong is answered before anything is sent', async () => {
    for (const query of ['&start=noon', '&speed=', '&speed=x']) expect((await fetch(url(query))).status).toBe(400)
    expect((await fetch(`${rig.server.url}/v1/stream?topic=kmin&speed=2`)).status).toBe(400)
    expect((await fetch(url(''), { headers: { 'last-event-id': 'other-1' } })).status).toBe(400)
  })
})

describe('in the SDK', () => {
  const client = () => createClient({ url: rig.server.url })

  test('a stream of a past day ends with it, and a slow loop is waited for', async () => {
    const messages: StreamMessage[] = []
    for await (const message of client().stream('kmin', undefined, { replay: { date, speed: 0 } })) {
      messages.push(message)
    }
    expect(messages.flatMap((message) => (message.kind === 'done' ? [] : message.bars))).toEqual(byTime(minutes))
    expect(messages.filter(({ kind }) => kind === 'done')).toHaveLength(MINUTES)
  })

  test('leaving the loop ends the replay at the server', async () => {
    for (let round = 0; round < 5; round++) {
      // Two at a time are allowed, so one that went on would soon be in the way.
      for await (const message of client().stream('kmin', [one], { replay: { date, speed: 0 } })) {
        expect(message.kind).toBe('bars')
        break
      }
    }
  })

  test('slices of a longer time come in its order, with all instruments of each start', async () => {
    const both = await rig.stored('1m', 'start=2026-11-18', 'end=2026-11-20')
    const closes: string[] = []
    let before = 0
    const columns = ['instrument', 'close', 'ts'] as const
    for await (const slice of client().replay({ interval: '1m', start: '2026-11-18', end: '2026-11-20', columns })) {
      expect(slice.ts).toBeGreaterThan(before)
      before = slice.ts
      for (let row = 0; row < slice.length; row++) {
        const { instrument, close, ts } = slice.columns
        closes.push(`${new Date(Number(ts[row])).toISOString()} ${instrument[row]} ${close[row]}`)
      }
    }
    expect(closes.toSorted()).toEqual(
      both.map(({ ts, instrument, close }) => `${new Date(ts).toISOString()} ${instrument} ${close}`).toSorted(),
    )
  })
})
