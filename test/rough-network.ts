import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What a chunk has to wait for on its way: nothing, a moment, or that the network recovers. */
type Weather = 'fine' | 'slow' | 'stuck'

interface Pair {
  weather: Weather
  readonly sockets: readonly Socket[]
  resume(): void
}

export interface RoughNetwork {
  readonly port: number
  /** Ends a share of the connections without a word. */
  cut(share: number): void
  /** Lets a share of the connections lose time, or stand still, until `recover`. */
  strike(share: number, weather: 'slow' | 'stuck'): void
  recover(): void
  close(): void
}

const SLOW_MS_MAX = 60

/**
 * A relay of TCP connections that can be cut, slow, or stuck. `portOf` says where a new connection goes, from the first
 * words of who opens it; `random` gives numbers from 0 to 1.
 */
export async function startRoughNetwork(
  portOf: (words: string) => number,
  random: () => number,
): Promise<RoughNetwork> {
  const pairs = new Set<Pair>()
  const opening = new Set<Socket>()
  const server = createServer((inside) => {
    opening.add(inside)
    inside.on('error', () => {})
    inside.once('close', () => opening.delete(inside))
    inside.once('data', (words: Buffer) => {
      opening.delete(inside)
      join(inside, words)
    })
  })
  const join = (inside: Socket, words: Buffer) => {
    const outside = connect(portOf(words.toString('latin1')), '127.0.0.1')
    outside.write(words)
    const sockets = [inside, outside]
    const pair: Pair = { weather: 'fine', sockets, resume: () => {} }
    const waiting: (() => void)[] = []
    pair.resume = () => {
      for (const go of waiting.splice(0)) go()
    }
    pairs.add(pair)
    const relay = (from: Socket, to: Socket) => {
      from.on('error', () => {})
      from.on('close', () => {
        pairs.delete(pair)
        to.destroy()
      })
      from.on('data', (chunk: Buffer) => {
        const pass = () => {
          if (!to.writable) return
          if (to.write(chunk)) from.resume()
          else to.once('drain', () => from.resume())
        }
        if (pair.weather === 'fine') {
          if (!to.write(chunk)) {
            from.pause()
            to.once('drain', () => from.resume())
          }
          return
        }
        from.pause()
        if (pair.weather === 'stuck') waiting.push(pass)
        else setTimeout(pass, random() * SLOW_MS_MAX)
      })
    }
    relay(inside, outside)
    relay(outside, inside)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const someOf = (share: number) => [...pairs].filter(() => random() < share)
  const cut = (share: number) => {
    for (const { sockets } of someOf(share)) for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    strike(share, weather) {
      for (const pair of someOf(share)) pair.weather = weather
    },
    recover() {
      for (const pair of pairs) {
        pair.weather = 'fine'
        pair.resume()
      }
    },
    close() {
      cut(1)
      for (const inside of opening) inside.destroy()
      server.close()
    },
  }
}
