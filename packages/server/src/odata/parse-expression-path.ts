import type { Expression } from './expression.js'
import { functionArities } from './expression-grammar.js'
import { dottedIdentifier, identifier, type Scanner } from './scanner.js'

/** What a path needs of the expression in which it stands, since expressions stand in its brackets. */
export interface ExpressionSurroundings {
  readonly scanner: Scanner
  parse(): Expression
  /** Counts a part of the expression. */
  node(expression: Expression): Expression
  /** What the standard allows and this service lacks. */
  unsupported(what: string): Expression
}

/** A path: a property, perhaps behind `$it/`; anything longer leads out of the flat rows that there are. */
export function parseExpressionPath(around: ExpressionSurroundings): Expression {
  const { scanner } = around
  if (scanner.takeText('@')) return aliasOrAnnotation(around)
  if (scanner.takeText('$root/')) {
    passSegment(around)
    return furtherSegments(around, '$root')
  }
  if (scanner.takeText('$this')) return furtherSegments(around, '$this')
  if (scanner.takeText('$it')) {
    if (!scanner.takeText('/')) return around.unsupported('$it without a property')
    return parseExpressionPath(around)
  }
  const start = scanner.at
  const name = scanner.peek(dottedIdentifier)
  if (name === undefined) return scanner.fail('a property, a value or a function is due')
  const call = name.toLowerCase()
  if (scanner.text[start + name.length] === '(') {
    if (Object.hasOwn(functionArities, call)) return parseCall(around, call, name.length)
    if (call === 'case') return parseCase(around, name.length)
    if (call === 'cast' || call === 'isof') return parseTypeFunction(around, call, name.length)
  }
  const plain = passSegment(around)
  if (scanner.peek(/\//y) !== undefined) return furtherSegments(around, name)
  if (!plain) return around.unsupported(`${name}(…)`)
  if (name.includes('.')) return scanner.fail(`${name} is no property`)
  return around.node({ kind: 'property', name })
}

/** One segment of a path; whether it is a name and nothing else. */
function passSegment(around: ExpressionSurroundings): boolean {
  const { scanner } = around
  if (scanner.takeText('@')) {
    if (scanner.take(dottedIdentifier) === undefined) scanner.fail('a name is due after @')
    if (scanner.takeText('#') && scanner.take(identifier) === undefined) scanner.fail('a name is due after #')
    return false
  }
  const name = scanner.take(/\$(?:count|filter|value|ref)/y) ?? scanner.take(dottedIdentifier)
  if (name === undefined) scanner.fail('a name is due')
  if (!scanner.takeText('(')) return !name?.startsWith('$')
  if (name?.toLowerCase() === 'any' || name?.toLowerCase() === 'all') passLambda(around, name.toLowerCase() === 'any')
  else
    do passArguments(around)
    while (scanner.takeText('('))
  return false
}

function furtherSegments(around: ExpressionSurroundings, first: string): Expression {
  while (around.scanner.takeText('/')) passSegment(around)
  return around.unsupported(`a path such as ${first.slice(0, 40)}/…`)
}

function aliasOrAnnotation(around: ExpressionSurroundings): Expression {
  const { scanner } = around
  const name = scanner.take(dottedIdentifier)
  if (name === undefined) return scanner.fail('a name is due after @')
  const qualified = scanner.takeText('#') ? scanner.take(identifier) : undefined
  if (scanner.peek(/\//y) !== undefined) return furtherSegments(around, `@${name}`)
  if (qualified !== undefined || name.includes('.')) return around.unsupported('an annotation as a value')
  return around.node({ kind: 'alias', name })
}

function parseCall(around: ExpressionSurroundings, name: string, length: number): Expression {
  around.scanner.at += length + 1
  const args: Expression[] = []
  around.scanner.skipSpace()
  while (!around.scanner.takeText(')')) {
    if (args.length > 0) {
      around.scanner.expect(',')
      around.scanner.skipSpace()
    }
    args.push(around.parse())
    around.scanner.skipSpace()
  }
  const [least, most] = functionArities[name] ?? [0, 0]
  if (args.length < least || args.length > most)
    around.scanner.fail(`${name} takes ${least} values, not ${args.length}`)
  return around.node({ kind: 'call', name, args })
}

function parseCase(around: ExpressionSurroundings, length: number): Expression {
  around.scanner.at += length + 1
  const args: Expression[] = []
  do {
    around.scanner.skipSpace()
    args.push(around.parse())
    around.scanner.skipSpace()
    around.scanner.expect(':')
    around.scanner.skipSpace()
    args.push(around.parse())
    around.scanner.skipSpace()
  } while (around.scanner.takeText(','))
  around.scanner.expect(')')
  return around.node({ kind: 'call', name: 'case', args })
}

function parseTypeFunction(around: ExpressionSurroundings, name: string, length: number): Expression {
  const { scanner } = around
  scanner.at += length + 1
  scanner.skipSpace()
  const typeName = /(?:Collection\([\p{L}_][\p{L}\p{N}_.]*\)|[\p{L}_][\p{L}\p{N}_.]*)(?=[ \t]*\))/uy
  if (scanner.take(typeName) === undefined) {
    around.parse()
    scanner.skipSpace()
    scanner.expect(',')
    scanner.skipSpace()
    if (scanner.take(typeName) === undefined) scanner.fail('the name of a type is due')
  }
  scanner.skipSpace()
  scanner.expect(')')
  return around.unsupported(name)
}

function passLambda(around: ExpressionSurroundings, mayBeEmpty: boolean): void {
  const { scanner } = around
  scanner.skipSpace()
  if (mayBeEmpty && scanner.takeText(')')) return
  if (scanner.take(identifier) === undefined) scanner.fail('a variable is due')
  scanner.skipSpace()
  scanner.expect(':')
  scanner.skipSpace()
  around.parse()
  scanner.skipSpace()
  scanner.expect(')')
}

/** What stands in brackets behind a segment: a key, named values, a condition or options. */
function passArguments(around: ExpressionSurroundings): void {
  const { scanner } = around
  scanner.skipSpace()
  while (!scanner.takeText(')')) {
    if (scanner.take(/\$?[\p{L}_][\p{L}\p{N}_]*=/uy) !== undefined) scanner.skipSpace()
    around.parse()
    scanner.skipSpace()
    if (scanner.take(/[,;]/y) !== undefined) scanner.skipSpace()
    else if (scanner.peek(/\)/y) === undefined) scanner.fail("')' is due")
  }
}
