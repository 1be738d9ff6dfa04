import { SyntaxFault } from './errors.js'

/** A name of OData: letters of any script and `_`, digits not first. */
export const identifier = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127}/uy
/** A name with its namespace, or without. */
export const dottedIdentifier =
  /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127}(?:\.[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]{0,127})*/uy

/** Reads text from left to right. Patterns must be sticky. */
export class Scanner {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  get atEnd(): boolean {
    return this.at === this.text.length
  }

  /** What the pattern finds right here, without moving. */
  peek(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)?.[0]
  }

  /** Moves over what the pattern finds right here. */
  take(pattern: RegExp): string | undefined {
    const found = this.peek(pattern)
    if (found !== undefined) this.at += found.length
    return found
  }

  /** Moves over exactly this text. */
  takeText(text: string): boolean {
    const found = this.text.startsWith(text, this.at)
    if (found) this.at += text.length
    return found
  }

  expect(text: string): void {
    if (!this.takeText(text)) this.fail(`'${text}' is due`)
  }

  expectEnd(): void {
    if (!this.atEnd) this.fail(`'${this.text.slice(this.at, this.at + 20)}' does not belong here`)
  }

  skipSpace(): boolean {
    return this.take(/[ \t]+/y) !== undefined
  }

  fail(message: string): never {
    throw new SyntaxFault(message, this.at)
  }
}
