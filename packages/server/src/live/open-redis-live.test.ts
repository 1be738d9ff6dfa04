import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { openRedisLive } from './open-redis-live.js'

test('a Redis that takes connections and never says a word is told to be away', async () => {
  const sockets: Socket[] = []
  const silent = createServer((socket) => {
    sockets.push(socket)
    socket.resume()
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const options = { messagesMax: 1, bytesMax: 1, leaseMs: 1_000, begins: true }
  await expect(openRedisLive(`redis://127.0.0.1:${port}`, options)).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  })
  for (const socket of sockets) socket.destroy()
  silent.close()
})
