import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { barAt, type LiveRig, openLiveRig } from './live-rig.js'

let rig: LiveRig | undefined
afterEach(async () => {
  await rig?.close()
  rig = undefined
})

const metricsOf = async ({ server }: LiveRig) => (await fetch(`${server.url}/metrics`)).text()

/** Values by name with labels. */
function valuesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith('barkeep_live'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('who listens, what was sent, how fast and how late is told', async () => {
  rig = await openLiveRig({ 'live.builds': 'false' })
  const { session } = rig
  const [publisher, all, some] = await Promise.all([rig.connect(), rig.connect(), rig.connect()])
  await all.say('sub_kmin')
  await some.say('sub_kmin', { instruments: ['SIM:B'] })
  const done = barAt(session, 'A', 0).ts
  await publisher.say('pub_kmin', { bars: [barAt(session, 'A', 0)], done })
  await publisher.say('pub_kmin', { bars: [barAt(session, 'B', 1)] })
  expect((await some.say('lease_kmin', { takeover: true })).lease).toBeDefined()
  await all.until(() => all.messages.length === 2)
  await some.until(() => some.messages.length === 1)

  const values = valuesOf(await metricsOf(rig))
  const kmin = (name: string, more = '') => values.get(`barkeep_live_${name}{topic="kmin"${more}}`)
  expect(values.get('barkeep_live_connections')).toBe(3)
  expect(kmin('subscribers', ',state="live"')).toBe(2)
  expect(kmin('subscribers', ',state="behind"')).toBe(0)
  // Two messages and a mark to one, one of the messages and the mark to the other.
  expect(kmin('sent_messages_total')).toBe(5)
  const sent = [...all.messages, ...all.done, ...some.messages, ...some.done]
  const bytes = sent.reduce((sum, message) => sum + JSON.stringify(message).length, 0)
  expect(kmin('sent_bytes_total')).toBeGreaterThan(bytes)
  expect(kmin('sent_bytes_total')).toBeLessThan(bytes + 40 * sent.length)
  expect(values.get('barkeep_live_outbox_bytes{of="fullest"}')).toBeLessThan(1_000)
  expect(kmin('lease_terms_total')).toBe(2)
  expect(kmin('log_messages')).toBe(3)
  expect(kmin('log_bytes')).toBeGreaterThan(100)
  expect(kmin('publish_seconds_count')).toBe(2)
  expect(kmin('done_lateness_seconds_count')).toBe(1)
  expect(kmin('gaps_total', ',reason="slow"')).toBe(0)
  expect(values.get('barkeep_live_cuts_total{reason="words"}')).toBe(0)
})

test('the page of metrics has each of them, and no other', async () => {
  rig = await openLiveRig()
  const served = [...(await metricsOf(rig)).matchAll(/^# HELP (barkeep_\w+)/gm)].map(([, name]) => name)
  const page = readFileSync(new URL('../docs/reference/metrics.md', import.meta.url), 'utf8')
  const described = [...page.matchAll(/^\| `(barkeep_\w+)`/gm)].map(([, name]) => name)
  expect(described.toSorted()).toEqual(served.toSorted())
})
