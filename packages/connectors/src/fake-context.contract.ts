import { BarkeepError, type HandlerContext, type UpstreamPage, type UpstreamRequest } from '@barkeep/core'

export interface FakeAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export interface FakeContext extends HandlerContext {
  /** What was asked, in order. */
  readonly asked: UpstreamRequest[]
}

/** A handler's context whose upstream gives the answers in their order, and no more of them. */
export function fakeContext(options: {
  readonly now: string
  readonly answers?: readonly FakeAnswer[]
  readonly credentials?: Readonly<Record<string, string>>
}): FakeContext {
  const answers = [...(options.answers ?? [])]
  const asked: UpstreamRequest[] = []
  return {
    asked,
    now: () => Date.parse(options.now),
    credential(name) {
      const value = options.credentials?.[name]
      if (value === undefined) throw new BarkeepError('CREDENTIAL_MISSING', { message: `No credential '${name}'.` })
      return value
    },
    async fetch(request) {
      asked.push(request)
      const answer = answers.shift()
      if (answer === undefined) throw new Error(`One request too many: ${request.url}`)
      return fakePage({ ...answer, url: request.url, receivedAtMs: Date.parse(options.now) })
    },
  }
}

/** A page as the engine hands it to a handler. */
export function fakePage(answer: FakeAnswer & { readonly url?: string; readonly receivedAtMs?: number }): UpstreamPage {
  const body = typeof answer.body === 'string' ? new TextEncoder().encode(answer.body) : answer.body
  return {
    url: answer.url ?? 'https://upstream.example/page',
    status: answer.status ?? 200,
    headers: answer.headers ?? {},
    body,
    receivedAtMs: answer.receivedAtMs ?? 0,
    text: (encoding = 'utf-8') => new TextDecoder(encoding).decode(body),
  }
}
