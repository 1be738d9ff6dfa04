import type { BarkeepError } from '@barkeep/core'
import { io } from 'socket.io-client'
import { connectionFailed, errorOfProblem } from './problem.js'

/** One connection to the live door of a server. It is never mended: whoever needs another opens another. */
export interface LiveLink {
  /** Sends a word. Its answer is told before all events that the server sent after it, or never where the link ends. */
  say(word: string, payload: object, onAnswer: (answer: unknown) => void): void
  /** Nothing is told any more. */
  close(): void
}

export interface LinkHandlers {
  readonly onOpen: () => void
  readonly onEvent: (name: string, payload: unknown) => void
  /** Once: the connection was refused, failed or broke. */
  readonly onEnd: (reason: BarkeepError) => void
}

/** Begins to connect. No handler is called before it returns. */
export type OpenLink = (handlers: LinkHandlers) => LiveLink

/** Links over socket.io, websocket only. `origin` has the path in front of `/v1` where there is one. */
export function socketLinks({ origin, key }: { readonly origin: string; readonly key: string | undefined }): OpenLink {
  const { origin: host, pathname } = new URL(origin)
  return ({ onOpen, onEvent, onEnd }) => {
    const socket = io(host, {
      path: `${pathname.replace(/\/+$/, '')}/socket.io/`,
      transports: ['websocket'],
      // The stream itself knows when to come back, and with what.
      reconnection: false,
      forceNew: true,
      ...(key !== undefined && { auth: { token: key } }),
    })
    let isOpen = true
    const close = () => {
      isOpen = false
      socket.removeAllListeners()
      socket.offAny()
      socket.disconnect()
    }
    const end = (reason: BarkeepError) => {
      if (!isOpen) return
      close()
      onEnd(reason)
    }
    socket.on('connect', onOpen)
    socket.on('connect_error', (error: Error & { readonly data?: unknown }) =>
      // A refusal carries the problem; all else is a failure of the transport.
      end(error.data === undefined ? connectionFailed(origin, error) : errorOfProblem(error.data)),
    )
    socket.on('disconnect', (reason) => end(connectionFailed(origin, new Error(reason))))
    socket.onAny((name: string, payload: unknown) => onEvent(name, payload))
    return { say: (word, payload, onAnswer) => void socket.emit(word, payload, onAnswer), close }
  }
}
