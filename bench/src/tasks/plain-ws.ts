import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'
import type { TaskFile } from '../child.js'

export const plainWs: TaskFile<object, string> = { file: 'plain-ws' }

/** A bare server of `ws`: what one connection says is sent to all others. Answers its URL. */
export async function task(): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      for (const other of server.clients) {
        if (other !== socket && other.readyState === WebSocket.OPEN) other.send(data, { binary })
      }
    })
  })
  await once(server, 'listening')
  const address = server.address()
  return `ws://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
