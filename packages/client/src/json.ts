import type { Envelope } from '@barkeep/core'
import { type HttpRequest, type HttpSettings, send } from './http.js'
import { unreadableAnswer } from './problem.js'

/** An envelope as a dataset answers it: with the number of rows that match, over all pages. */
export type CountedEnvelope<Data> = Envelope<Data> & { readonly total?: number }

/** Asks for JSON and gives back the whole body, unchecked. */
export function requestJson(settings: HttpSettings, request: HttpRequest): Promise<unknown> {
  return send(settings, request, async (response): Promise<unknown> => {
    const text = await response.text()
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw unreadableAnswer('JSON', cause)
    }
  })
}

/** Asks for JSON in its envelope. The server is trusted for what is inside `data`. */
export async function requestEnvelope<Data>(
  settings: HttpSettings,
  request: HttpRequest,
): Promise<CountedEnvelope<Data>> {
  const body = await requestJson(settings, request)
  if (!isEnvelope<Data>(body)) throw unreadableAnswer('an envelope with `data`')
  return body
}

/** Asks for JSON and unwraps its `data`. */
export async function requestData<Data>(settings: HttpSettings, request: HttpRequest): Promise<Data> {
  return (await requestEnvelope<Data>(settings, request)).data
}

function isEnvelope<Data>(body: unknown): body is CountedEnvelope<Data> {
  return typeof body === 'object' && body !== null && 'data' in body
}
