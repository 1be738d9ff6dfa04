import iconv from 'iconv-lite'

/** How the bytes of a text are written. `big5` means MS950, as Taiwan's sites serve it. */
export type Charset = 'utf-8' | 'big5'

/** What an upstream answers, before faults are done to it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** What `body` is written in, so that a fault can read and rewrite it. */
  readonly charset: Charset
  /** The body goes out as a zip with one file of this name; faults strike what is in it. */
  readonly zipAs?: string
  /** True for the bytes of a recording, which are served as they were. */
  readonly recorded?: boolean
}

export function textAnswer(
  text: string,
  type: string,
  { status = 200, charset = 'utf-8', headers = {}, ...rest }: Partial<Omit<Answer, 'body'>> = {},
): Answer {
  return { ...rest, status, headers: { 'content-type': type, ...headers }, body: encodeText(text, charset), charset }
}

export function jsonAnswer(value: unknown, options: Partial<Omit<Answer, 'body'>> = {}): Answer {
  return textAnswer(JSON.stringify(value), 'application/json;charset=utf-8', options)
}

export function encodeText(text: string, charset: Charset): Uint8Array {
  return charset === 'big5' ? iconv.encode(text, 'cp950') : Buffer.from(text, 'utf8')
}

export function decodeText(body: Uint8Array, charset: Charset): string {
  return charset === 'big5' ? iconv.decode(Buffer.from(body), 'cp950') : Buffer.from(body).toString('utf8')
}
