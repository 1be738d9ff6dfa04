import { BarkeepError, type LiveRefusal } from '@barkeep/core'
import type { LiveLink, OpenLink } from './live-link.js'
import { errorOfProblem } from './problem.js'

/** Questions and answers over one link. */
export interface LiveTalk {
  /** Rejects with the refusal, or with what ended the link before the answer came. */
  ask<Answer extends { readonly ok: true }>(word: string, payload: object): Promise<Answer>
  readonly hasEnded: boolean
  /** Resolves when the link has ended, with the reason. */
  readonly ended: Promise<BarkeepError>
  end(reason: BarkeepError): void
}

/** Connects. Rejects with the refusal, or what ended the link; `reasonOf` tells why the signal was aborted. */
export function openTalk(open: OpenLink, signal: AbortSignal, reasonOf: () => BarkeepError): Promise<LiveTalk> {
  return new Promise((resolve, reject) => {
    const unanswered = new Set<(reason: BarkeepError) => void>([reject])
    let tellEnd: (reason: BarkeepError) => void = () => {}
    const ended = new Promise<BarkeepError>((settle) => {
      tellEnd = settle
    })
    let hasEnded = false
    const end = (reason: BarkeepError) => {
      if (hasEnded) return
      hasEnded = true
      link.close()
      signal.removeEventListener('abort', onAbort)
      tellEnd(reason)
      for (const refuse of unanswered) refuse(reason)
      unanswered.clear()
    }
    const onAbort = () => end(reasonOf())
    const ask = <Answer extends { readonly ok: true }>(word: string, payload: object) =>
      new Promise<Answer>((answered, refuse) => {
        if (hasEnded) return refuse(connectionEnded())
        unanswered.add(refuse)
        link.say(word, payload, (answer) => {
          unanswered.delete(refuse)
          const said = answer as Answer | LiveRefusal // the server is trusted for the shape
          if ('error' in said) refuse(errorOfProblem(said.error))
          else answered(said)
        })
      })
    const onOpen = () => {
      unanswered.delete(reject)
      resolve({
        ask,
        ended,
        end,
        get hasEnded() {
          return hasEnded
        },
      })
    }
    const link: LiveLink = open({ onOpen, onEvent: () => {}, onEnd: end })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

function connectionEnded(): BarkeepError {
  return new BarkeepError('CONNECTION_FAILED', { message: 'The connection ended before the question was asked.' })
}
