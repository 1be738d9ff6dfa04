import { BarkeepError, type LiveContext } from '@barkeep/core'
import { type FakeAnswer, fakePage } from './fake-context.contract.js'

export interface FakeLiveContext extends LiveContext {
  /** What was sent over the socket, in order. */
  readonly sent: string[]
  /** What was asked besides. */
  readonly asked: { readonly url: string; readonly body: string | undefined }[]
}

/** What a live source sees: the messages in their order, then the end. A number among them sets the clock to it. */
export function fakeLiveContext(options: {
  readonly now: string
  readonly messages: readonly (string | null | number)[]
  readonly answer?: FakeAnswer
  readonly credentials?: Readonly<Record<string, string>>
}): FakeLiveContext {
  let nowMs = Date.parse(options.now)
  const sent: string[] = []
  const asked: FakeLiveContext['asked'] = []
  async function* messages() {
    for (const message of options.messages) {
      if (typeof message === 'number') nowMs = message
      else yield message
    }
  }
  return {
    sent,
    asked,
    now: () => nowMs,
    credential(name) {
      const value = options.credentials?.[name]
      if (value === undefined) throw new BarkeepError('CREDENTIAL_MISSING', { message: `No credential '${name}'.` })
      return value
    },
    async fetch({ url, body }) {
      asked.push({ url, body })
      return fakePage({ body: '{}', ...options.answer, url, receivedAtMs: nowMs })
    },
    connect: async () => ({ send: (text) => sent.push(text), messages: messages() }),
    listen: async () => messages(),
  }
}

/** All bars that a source tells until its messages end. */
export async function barsToldBy(bars: AsyncIterable<readonly object[]>): Promise<object[]> {
  const told: object[] = []
  for await (const some of bars) told.push(...some)
  return told
}
