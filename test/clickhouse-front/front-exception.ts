/** An exception as a ClickHouse server words it. */
export class FrontException extends Error {
  readonly code: number

  constructor(message: string) {
    super(message)
    this.name = 'FrontException'
    this.code = Number(/Code: (\d+)\./.exec(message)?.[1] ?? 1002)
  }

  /** As in a body. */
  get text(): string {
    return `${this.message} (version 26.7.2.1 (official build))\n`
  }

  /** The status that a server gives for the code. */
  get status(): number {
    const [status = '500'] = Object.entries(codesByStatus).find(([, codes]) => codes.includes(this.code)) ?? []
    return Number(status)
  }
}

const codesByStatus: Readonly<Record<string, readonly number[]>> = {
  400: [6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 130, 436, 457],
  401: [194],
  403: [192, 193, 497, 516],
  404: [46, 47, 50, 56, 60, 73, 81, 115],
  501: [48],
}

export function toFrontException(cause: unknown): FrontException {
  if (cause instanceof FrontException) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  const start = message.indexOf('Code: ')
  if (start >= 0) return new FrontException(message.slice(start).trim())
  return new FrontException(`Code: 1002. DB::Exception: ${message} (UNKNOWN_EXCEPTION)`)
}

/** Behind data that has left: `\r\n__exception__\r\n<tag>\r\n<message>\n<length> <tag>\r\n__exception__\r\n`. */
export function frameOf(exception: FrontException, tag: string): string {
  const message = exception.text
  return `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`
}
