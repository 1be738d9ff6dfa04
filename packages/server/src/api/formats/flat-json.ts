const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const newline = 0x0a
const letterN = 0x6e

/** What stands at a value: text in quotes, null, or anything else as JSON writes it. */
export type ValueKind = 'text' | 'null' | 'other'

/**
 * Walks over JSON lines as the engine writes them, value after value, without making objects of them: whole numbers
 * of any size and text keep their bytes.
 */
export class FlatJson {
  kind: ValueKind = 'null'
  /** Where the value stands; of text without its quotes. */
  start = 0
  end = 0
  /** Whether text has escapes, so that its bytes are not what it says. */
  isEscaped = false
  readonly bytes: Buffer
  #at = 0

  /** `lines` are whole. */
  constructor(lines: Uint8Array) {
    this.bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength)
  }

  /** Whether there is one more row; then its values come by `nextValue`. */
  nextRow(): boolean {
    return this.#at < this.bytes.byteLength
  }

  /** Goes on to the next value of the row; false at its end, which is passed. */
  nextValue(): boolean {
    const { bytes } = this
    const before = bytes[this.#at]
    if (before === closeBrace) {
      this.#at = bytes.indexOf(newline, this.#at) + 1 || bytes.byteLength
      return false
    }
    // Behind `{` or `,` stands a name in quotes, which holds no quote itself, then a colon.
    const name = this.#at + 1
    if (bytes[name] === closeBrace) {
      this.#at = name
      return this.nextValue()
    }
    // Names are short: a loop is through before a search has begun.
    let value = name + 1
    while (bytes[value] !== quote) value += 1
    value += 2
    const first = bytes[value]
    if (first === quote) this.#readText(value + 1)
    else this.#readOther(value, first)
    return true
  }

  /** The value as text, escapes resolved. */
  text(): string {
    if (this.kind === 'other') return this.ascii()
    const text = this.bytes.toString('utf8', this.start, this.end)
    return this.isEscaped ? (JSON.parse(`"${text}"`) as string) : text // a string of JSON
  }

  /** The same of a value that is known to hold no other characters, such as a number. */
  ascii(): string {
    return this.bytes.toString('latin1', this.start, this.end)
  }

  #readText(start: number): void {
    const { bytes } = this
    this.kind = 'text'
    this.start = start
    this.isEscaped = false
    let end = start
    for (; bytes[end] !== quote; end++) {
      if (bytes[end] !== backslash) continue
      this.isEscaped = true
      end += 1
    }
    this.end = end
    this.#at = end + 1
  }

  #readOther(start: number, first: number | undefined): void {
    const { bytes } = this
    this.kind = first === letterN ? 'null' : 'other'
    this.start = start
    let end = start
    // What is nested is passed over whole.
    for (let depth = 0; end < bytes.byteLength; end++) {
      const byte = bytes[end]
      if (depth === 0 && (byte === comma || byte === closeBrace)) break
      if (byte === openBrace || byte === openBracket) depth += 1
      else if (byte === closeBrace || byte === closeBracket) depth -= 1
      else if (byte === quote) {
        for (end += 1; bytes[end] !== quote; end++) if (bytes[end] === backslash) end += 1
      }
    }
    this.end = end
    this.#at = end
  }
}
