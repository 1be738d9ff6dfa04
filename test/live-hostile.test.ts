import { once } from 'node:events'
import type { Problem } from '@barkeep/core'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { barAt, type Ear, type LiveRig, openLiveRig } from './live-rig.js'

/** A guest that reads nothing answers no ping either; it is not that which must end it. */
const patient = { 'live.leaseMs': '600000' }

let rig: LiveRig | undefined
let guests: WebSocket[] = []
afterEach(async () => {
  for (const guest of guests) guest.terminate()
  guests = []
  await rig?.close()
  rig = undefined
})

/** A connection below socket.io, that says what no client would; it has said nothing yet. */
async function openGuest({ server }: LiveRig): Promise<WebSocket> {
  const address = `${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
  const guest = new WebSocket(address, { perMessageDeflate: false })
  guests.push(guest)
  guest.on('error', () => {})
  await once(guest, 'message')
  return guest
}

async function openSubscriber(of: LiveRig): Promise<WebSocket> {
  const guest = await openGuest(of)
  guest.send('40')
  await once(guest, 'message')
  guest.send('420["sub_kmin",{}]')
  await once(guest, 'message')
  return guest
}

const closed = (guest: WebSocket) => new Promise<number>((resolve) => guest.once('close', resolve))

/** Publishes a minute of so many instruments, and waits until one who listens has it. */
async function publishMinute({ session }: LiveRig, { publisher, listener }: Sides, minute: number, count: number) {
  const bars = Array.from({ length: count }, (_, index) => barAt(session, `S${index}`, minute))
  expect(await publisher.say('pub_kmin', { bars })).toMatchObject({ ok: true, rows: count })
  await listener.until(() => listener.messages.at(-1)?.ts === bars[0]?.ts)
}

interface Sides {
  readonly publisher: Ear
  readonly listener: Ear
}

async function openSides(of: LiveRig): Promise<Sides> {
  const [publisher, listener] = await Promise.all([of.connect(), of.connect()])
  await listener.say('sub_kmin')
  return { publisher, listener }
}

test('who asks without end and reads no answer is cut off, and others are served', async () => {
  rig = await openLiveRig({ 'live.builds': 'false', 'live.wordsPerSecond': '0', ...patient })
  const sides = await openSides(rig)
  const guest = await openSubscriber(rig)
  const ended = closed(guest)
  guest.pause()
  // Each answer is a problem of almost a kilobyte: together more than the system buffers for a connection.
  for (let number = 0; number < 40_000; number++) guest.send(`42${number}["sub_kmn",{}]`)
  for (let minute = 0; minute < 3; minute++) await publishMinute(rig, sides, minute, 1)
  guest.resume()
  expect(await ended).toBe(1006)
  await publishMinute(rig, sides, 3, 1)
  expect(sides.listener.gaps).toEqual([])
})

test('a reader that takes nothing for longer than it may is cut off, and others lose nothing', async () => {
  rig = await openLiveRig({
    'live.builds': 'false',
    'live.slowMsMax': '300',
    'live.outboxBytesMax': '500000',
    ...patient,
  })
  const sides = await openSides(rig)
  const guest = await openSubscriber(rig)
  const ended = closed(guest)
  guest.pause()
  const minutes = 80
  for (let minute = 0; minute < minutes; minute++) await publishMinute(rig, sides, minute, 1_000)
  guest.resume()
  expect(await ended).toBe(1006)
  expect(sides.listener.messages).toHaveLength(minutes)
  expect(sides.listener.gaps).toEqual([])
})

test('instruments are named one request after the other only up to the limit of one request', async () => {
  rig = await openLiveRig({ 'api.instrumentsMax': '100' })
  const listener = await rig.connect()
  const names = (from: number) => Array.from({ length: 80 }, (_, index) => `SIM:S${from + index}`)
  expect(await listener.say('sub_kmin', { instruments: names(0) })).toMatchObject({ instruments: 80 })
  const refused = await listener.say('sub_kmin', { instruments: names(80) })
  expect(refused.error).toMatchObject({ code: 'REQUEST_TOO_COMPLEX' })
  expect(await listener.say('sub_kmin', { instruments: names(20) })).toMatchObject({ instruments: 100 })
})

test('bytes end the connection, before more of them are kept', async () => {
  rig = await openLiveRig()
  const guest = await openSubscriber(rig)
  const ended = closed(guest)
  guest.send('4510-["sub_kmin",{"_placeholder":true,"num":0}]')
  guest.send(Buffer.alloc(1_000))
  expect(await ended).toBeGreaterThan(0)
})

test('words that nobody knows are answered, and what is no word ends the connection', async () => {
  rig = await openLiveRig()
  const listener = await rig.connect()
  for (const word of ['sub_kminute', '__proto__', 'constructor', 'x'.repeat(100_000)]) {
    expect((await listener.say(word)).error).toMatchObject({ code: 'INVALID_PARAMETER' })
  }
  expect((await listener.say('sub_kmin', { instruments: 'all' })).error).toMatchObject({ code: 'INVALID_PARAMETER' })
  for (const nonsense of ['42{"a":1}', '42[', '9', '42["sub_kmin",'.padEnd(10_000, '[')]) {
    const guest = await openSubscriber(rig)
    const ended = closed(guest)
    guest.send(nonsense)
    expect(await ended, nonsense.slice(0, 20)).toBeGreaterThan(0)
  }
  expect(await listener.say('sub_kmin')).toMatchObject({ ok: true })
})

test('connections that say nothing keep nobody out, and are bounded themselves', async () => {
  rig = await openLiveRig({ 'live.subscribersMax': '2' })
  for (let number = 0; number < 2; number++) await openGuest(rig)
  const [publisher, listener] = [await rig.connect(), await rig.connect()]
  await listener.say('sub_kmin')
  await publishMinute(rig, { publisher, listener }, 0, 1)
  const address = `${rig.server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
  const fifth = new WebSocket(address)
  const [error] = await once(fifth, 'error')
  expect(String(error)).toContain('400')
  // One of the silent two goes, and another comes: it is a subscriber too many.
  const [silent] = guests
  const gone = silent === undefined ? undefined : closed(silent)
  silent?.close()
  await gone
  await expect(rig.connect()).rejects.toMatchObject({ data: { code: 'OVER_CAPACITY' } })
})

describe('words without end', () => {
  const few = { 'live.wordsPerSecond': '1', 'live.wordsBurst': '50' }

  test('are refused, then end the connection of who goes on; others are served', async () => {
    rig = await openLiveRig(few)
    const [loud, quiet] = await Promise.all([rig.connect(), rig.connect()])
    let answer = await loud.say('unsub_kmin')
    let answered = 0
    for (; answer.error === undefined; answered++) answer = await loud.say('unsub_kmin')
    expect(answered).toBeGreaterThanOrEqual(50)
    expect(answer.error).toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429, retry_after_ms: expect.any(Number) })
    expect(answer.error.message).toContain('live.wordsPerSecond = 1')

    const ended = new Promise((resolve) => loud.socket.once('disconnect', resolve))
    for (let number = 0; number < 200; number++) loud.socket.emit('unsub_kmin')
    expect(await ended).toBe('transport close')
    expect(await quiet.say('sub_kmin')).toMatchObject({ ok: true })
    expect(await metric(rig, 'barkeep_live_cuts_total{reason="words"}')).toBe(1)
  })

  test('count also where they are none: pongs that nobody asked for', async () => {
    rig = await openLiveRig(few)
    const guest = await openSubscriber(rig)
    const ended = closed(guest)
    for (let number = 0; number < 200; number++) guest.send('3')
    expect(await ended).toBe(1006)
  })
})

describe('connections of one address', () => {
  const two = { 'live.subscribersPerAddressMax': '2' }

  test('are refused beyond the limit, until one goes', async () => {
    rig = await openLiveRig(two)
    const [first] = await Promise.all([rig.connect(), rig.connect()])
    const refused = await rig.connect().catch((error: { data: Problem }) => error.data)
    expect(refused).toMatchObject({ code: 'OVER_CAPACITY' })
    expect((refused as Problem).message).toContain('live.subscribersPerAddressMax')
    first.socket.disconnect()
    await expect.poll(() => metric(rig, 'barkeep_live_connections'), { timeout: 300_000 }).toBe(1)
    await rig.connect()
  })

  test('are counted together with streams of server-sent events', async () => {
    rig = await openLiveRig(two)
    const { url } = rig.server
    const listen = (signal: AbortSignal) => fetch(`${url}/v1/stream?topic=kmin`, { signal })
    const [first, second] = [new AbortController(), new AbortController()]
    for (const { signal } of [first, second]) expect((await listen(signal)).status).toBe(200)
    await expect(rig.connect()).rejects.toMatchObject({ data: { code: 'OVER_CAPACITY' } })
    const third = await listen(second.signal)
    expect([third.status, ((await third.json()) as Problem).code]).toEqual([503, 'OVER_CAPACITY'])
    first.abort()
    await expect.poll(() => metric(rig, 'barkeep_live_connections'), { timeout: 300_000 }).toBe(1)
    await rig.connect()
    second.abort()
  })
})

/** One value of /metrics. */
async function metric(of: LiveRig | undefined, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${of?.server.url}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length))
}
