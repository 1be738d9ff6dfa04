import type { Expression } from './expression.js'
import type { ExpressionSurroundings } from './parse-expression-path.js'
import type { Scanner } from './scanner.js'

/** A string in double quotes, if one stands here. Throws SyntaxFault. */
export function parseJsonString(scanner: Scanner): Expression | undefined {
  const text = scanner.take(/"(?:[^"\\]|\\["\\/bfnrt]|\\u[\da-f]{4})*"/iy)
  if (text === undefined) return undefined
  try {
    return { kind: 'literal', type: 'string', text: String(JSON.parse(text)) }
  } catch {
    return scanner.fail('a string in double quotes holds a control character')
  }
}

/** Passes over an array or object of OData's JSON, in which expressions may stand. Throws SyntaxFault. */
export function parseJsonValue(around: ExpressionSurroundings): void {
  const { scanner } = around
  const isObject = scanner.takeText('{')
  if (!isObject) scanner.expect('[')
  const close = isObject ? '}' : ']'
  scanner.skipSpace()
  if (scanner.takeText(close)) return
  do {
    scanner.skipSpace()
    if (isObject) {
      if (parseJsonString(scanner) === undefined) scanner.fail('a name in double quotes is due')
      scanner.skipSpace()
      scanner.expect(':')
      scanner.skipSpace()
    }
    if (parseJsonString(scanner) === undefined) around.parse()
    scanner.skipSpace()
  } while (scanner.takeText(','))
  scanner.expect(close)
}
