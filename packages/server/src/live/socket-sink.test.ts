import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Socket } from 'socket.io'
import { expect, test } from 'vitest'
import { LivePacket } from './live-packet.js'
import { SocketSink } from './socket-sink.js'

const packet = (number: number) => new LivePacket('kmin', JSON.stringify({ number }))

/** A sink over a system that takes what is written when it is told to, or at once. */
function rig({ takesAtOnce }: { takesAtOnce: boolean }) {
  const taken: number[] = []
  const waiting: (() => void)[] = []
  const tcp = new Writable({
    writev(chunks, done) {
      taken.push(chunks.filter(({ chunk }) => chunk.length > 0).length)
      if (takesAtOnce) done()
      else waiting.push(done)
    },
  })
  let told = 0
  const socket = { conn: { readyState: 'open', writeBuffer: [] }, request: { socket: tcp } }
  const sink = new SocketSink(socket as unknown as Socket, () => {
    told += 1
  })
  return { sink, taken, take: () => waiting.shift()?.(), told: () => told }
}

test('the first message of a turn leaves at once, what follows in it together', async () => {
  const { sink, taken } = rig({ takesAtOnce: true })
  for (const number of [1, 2, 3, 4]) sink.send(packet(number))
  expect(taken).toEqual([1])
  await setImmediate()
  expect(taken).toEqual([1, 3])
  sink.send(packet(5))
  expect(taken).toEqual([1, 3, 1])
})

test('who waits for what the system has not taken is told when it has', async () => {
  const { sink, take, told } = rig({ takesAtOnce: false })
  sink.send(packet(1))
  await setImmediate()
  expect(sink.pendingBytes()).toBe(packet(1).socketFrame.length)
  expect(told()).toBe(0)
  take()
  await setImmediate()
  expect(sink.pendingBytes()).toBe(0)
  take()
  await setImmediate()
  expect(told()).toBe(1)
})
