import { type BinaryOperator, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX, type Expression } from './expression.js'
import { binaryOperator, bindings, functionArities } from './expression-grammar.js'
import { parseLiteral } from './parse-literal.js'
import { dottedIdentifier, identifier, Scanner } from './scanner.js'

/** Parses the whole text as one expression. Throws SyntaxFault. */
export function parseExpression(text: string): Expression {
  const scanner = new Scanner(text)
  const expression = new ExpressionParser(scanner).parse()
  scanner.expectEnd()
  return expression
}

/**
 * A Pratt parser of OData's common expressions. What the standard allows and this service lacks becomes a node of the
 * kind `unsupported`, so that the caller can tell 501 from 400.
 */
export class ExpressionParser {
  readonly #scanner: Scanner
  #nodes = 0
  #depth = 0

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  /** An expression whose operators bind tighter than `floor`. */
  parse(floor = 0): Expression {
    this.#deeper()
    let left = this.#membership(this.#operand())
    let links = 0
    for (;;) {
      const before = this.#scanner.at
      const operator = this.#scanner.skipSpace() ? this.#binaryOperator(floor) : undefined
      if (operator === undefined) {
        this.#scanner.at = before
        break
      }
      if (operator !== 'and' && operator !== 'or') {
        links++
        this.#deeper()
      }
      this.#scanner.skipSpace()
      left = this.#node({ kind: 'binary', operator, left, right: this.parse(bindings[operator]) })
    }
    this.#depth -= links + 1
    return left
  }

  #binaryOperator(floor: number): BinaryOperator | undefined {
    const word = this.#scanner.peek(binaryOperator)
    const operator = word?.toLowerCase() as BinaryOperator | undefined // the pattern has these words only
    if (word === undefined || operator === undefined || bindings[operator] <= floor) return undefined
    this.#scanner.at += word.length
    return operator
  }

  /** `has` and `in` bind tighter than any other operator, also than `not`. */
  #membership(operand: Expression): Expression {
    const before = this.#scanner.at
    const word = this.#scanner.skipSpace() ? this.#scanner.take(/(?:has|in)(?=[ \t])/iy)?.toLowerCase() : undefined
    if (word === undefined) {
      this.#scanner.at = before
      return operand
    }
    this.#scanner.skipSpace()
    if (word === 'in') return this.#node(this.#list(operand))
    if (parseLiteral(this.#scanner) === undefined) this.#scanner.fail("a value is due after 'has'")
    return this.#unsupported('has')
  }

  #list(operand: Expression): Expression {
    const start = this.#scanner.at
    if (this.#scanner.takeText('(')) {
      const list = this.#literals(')')
      if (list !== undefined) return { kind: 'in', operand, list }
    } else if (this.#scanner.takeText('[')) {
      const list = this.#literals(']')
      if (list !== undefined) return { kind: 'in', operand, list }
    }
    this.#scanner.at = start
    this.#operand()
    return this.#unsupported("'in' with anything but a list of values")
  }

  /** Values up to the closing bracket; undefined where something else stands among them. */
  #literals(close: string): Expression[] | undefined {
    const list: Expression[] = []
    this.#scanner.skipSpace()
    if (this.#scanner.takeText(close)) return list
    for (;;) {
      this.#scanner.skipSpace()
      const literal = close === ']' ? (this.#jsonString() ?? parseLiteral(this.#scanner)) : parseLiteral(this.#scanner)
      if (literal === undefined) return undefined
      list.push(this.#node(literal))
      this.#scanner.skipSpace()
      if (this.#scanner.takeText(close)) return list
      if (!this.#scanner.takeText(',')) return undefined
    }
  }

  #jsonString(): Expression | undefined {
    const text = this.#scanner.take(/"(?:[^"\\]|\\["\\/bfnrt]|\\u[\da-f]{4})*"/iy)
    if (text === undefined) return undefined
    try {
      return { kind: 'literal', type: 'string', text: String(JSON.parse(text)) }
    } catch {
      return this.#scanner.fail('a string in double quotes holds a control character')
    }
  }

  #operand(): Expression {
    const scanner = this.#scanner
    if (scanner.peek(/not(?=[ \t(])/iy) !== undefined) {
      scanner.at += 'not'.length
      scanner.skipSpace()
      return this.#unary('not')
    }
    if (scanner.peek(/(?:any|all)\(/iy) !== undefined) {
      return scanner.fail('any and all stand behind a collection')
    }
    const literal = parseLiteral(scanner)
    if (literal !== undefined) return this.#node(literal)
    if (scanner.takeText('-')) {
      scanner.skipSpace()
      return this.#unary('negate')
    }
    if (scanner.takeText('(')) {
      scanner.skipSpace()
      const inner = this.parse()
      scanner.skipSpace()
      scanner.expect(')')
      return inner
    }
    if (scanner.peek(/[[{]/y) !== undefined) return this.#json()
    return this.#path()
  }

  #unary(operator: 'not' | 'negate'): Expression {
    this.#deeper()
    const operand = this.#membership(this.#operand())
    this.#depth--
    return this.#node({ kind: 'unary', operator, operand })
  }

  /** A path: a property, perhaps behind `$it/`; anything longer leads out of the flat rows that there are. */
  #path(): Expression {
    const scanner = this.#scanner
    if (scanner.takeText('@')) return this.#aliasOrAnnotation()
    if (scanner.takeText('$root/')) {
      this.#segment()
      return this.#furtherSegments('$root')
    }
    if (scanner.takeText('$this')) return this.#furtherSegments('$this')
    if (scanner.takeText('$it')) {
      if (!scanner.takeText('/')) return this.#unsupported('$it without a property')
      return this.#path()
    }
    const start = scanner.at
    const name = scanner.peek(dottedIdentifier)
    if (name === undefined) return scanner.fail('a property, a value or a function is due')
    const call = name.toLowerCase()
    if (scanner.text[start + name.length] === '(') {
      if (Object.hasOwn(functionArities, call)) return this.#call(call, name.length)
      if (call === 'case') return this.#case(name.length)
      if (call === 'cast' || call === 'isof') return this.#typeFunction(call, name.length)
    }
    const plain = this.#segment()
    if (scanner.peek(/\//y) !== undefined) return this.#furtherSegments(name)
    if (!plain) return this.#unsupported(`${name}(…)`)
    if (name.includes('.')) return scanner.fail(`${name} is no property`)
    return this.#node({ kind: 'property', name })
  }

  /** One segment of a path; whether it is a name and nothing else. */
  #segment(): boolean {
    const scanner = this.#scanner
    if (scanner.takeText('@')) {
      if (scanner.take(dottedIdentifier) === undefined) scanner.fail('a name is due after @')
      if (scanner.takeText('#') && scanner.take(identifier) === undefined) scanner.fail('a name is due after #')
      return false
    }
    const name = scanner.take(/\$(?:count|filter|value|ref)/y) ?? scanner.take(dottedIdentifier)
    if (name === undefined) scanner.fail('a name is due')
    if (!scanner.takeText('(')) return !name?.startsWith('$')
    if (name?.toLowerCase() === 'any' || name?.toLowerCase() === 'all') this.#lambda(name.toLowerCase() === 'any')
    else
      do this.#arguments()
      while (scanner.takeText('('))
    return false
  }

  #furtherSegments(first: string): Expression {
    while (this.#scanner.takeText('/')) this.#segment()
    return this.#unsupported(`a path such as ${first.slice(0, 40)}/…`)
  }

  #aliasOrAnnotation(): Expression {
    const scanner = this.#scanner
    const name = scanner.take(dottedIdentifier)
    if (name === undefined) return scanner.fail('a name is due after @')
    const qualified = scanner.takeText('#') ? scanner.take(identifier) : undefined
    if (scanner.peek(/\//y) !== undefined) return this.#furtherSegments(`@${name}`)
    if (qualified !== undefined || name.includes('.')) return this.#unsupported('an annotation as a value')
    return this.#node({ kind: 'alias', name })
  }

  #call(name: string, length: number): Expression {
    this.#scanner.at += length + 1
    const args: Expression[] = []
    this.#scanner.skipSpace()
    while (!this.#scanner.takeText(')')) {
      if (args.length > 0) {
        this.#scanner.expect(',')
        this.#scanner.skipSpace()
      }
      args.push(this.parse())
      this.#scanner.skipSpace()
    }
    const [least, most] = functionArities[name] ?? [0, 0]
    if (args.length < least || args.length > most)
      this.#scanner.fail(`${name} takes ${least} values, not ${args.length}`)
    return this.#node({ kind: 'call', name, args })
  }

  #case(length: number): Expression {
    this.#scanner.at += length + 1
    const args: Expression[] = []
    do {
      this.#scanner.skipSpace()
      args.push(this.parse())
      this.#scanner.skipSpace()
      this.#scanner.expect(':')
      this.#scanner.skipSpace()
      args.push(this.parse())
      this.#scanner.skipSpace()
    } while (this.#scanner.takeText(','))
    this.#scanner.expect(')')
    return this.#node({ kind: 'call', name: 'case', args })
  }

  #typeFunction(name: string, length: number): Expression {
    const scanner = this.#scanner
    scanner.at += length + 1
    scanner.skipSpace()
    const typeName = /(?:Collection\([\p{L}_][\p{L}\p{N}_.]*\)|[\p{L}_][\p{L}\p{N}_.]*)(?=[ \t]*\))/uy
    if (scanner.take(typeName) === undefined) {
      this.parse()
      scanner.skipSpace()
      scanner.expect(',')
      scanner.skipSpace()
      if (scanner.take(typeName) === undefined) scanner.fail('the name of a type is due')
    }
    scanner.skipSpace()
    scanner.expect(')')
    return this.#unsupported(name)
  }

  #lambda(mayBeEmpty: boolean): void {
    const scanner = this.#scanner
    scanner.skipSpace()
    if (mayBeEmpty && scanner.takeText(')')) return
    if (scanner.take(identifier) === undefined) scanner.fail('a variable is due')
    scanner.skipSpace()
    scanner.expect(':')
    scanner.skipSpace()
    this.parse()
    scanner.skipSpace()
    scanner.expect(')')
  }

  /** What stands in brackets behind a segment: a key, named values, a condition or options. */
  #arguments(): void {
    const scanner = this.#scanner
    scanner.skipSpace()
    while (!scanner.takeText(')')) {
      if (scanner.take(/\$?[\p{L}_][\p{L}\p{N}_]*=/uy) !== undefined) scanner.skipSpace()
      this.parse()
      scanner.skipSpace()
      if (scanner.take(/[,;]/y) !== undefined) scanner.skipSpace()
      else if (scanner.peek(/\)/y) === undefined) scanner.fail("')' is due")
    }
  }

  #json(): Expression {
    this.#deeper()
    this.#jsonValue()
    this.#depth--
    return this.#unsupported('an array or object as a value')
  }

  #jsonValue(): void {
    const scanner = this.#scanner
    const isObject = scanner.takeText('{')
    if (!isObject) scanner.expect('[')
    const close = isObject ? '}' : ']'
    scanner.skipSpace()
    if (scanner.takeText(close)) return
    do {
      scanner.skipSpace()
      if (isObject) {
        if (this.#jsonString() === undefined) scanner.fail('a name in double quotes is due')
        scanner.skipSpace()
        scanner.expect(':')
        scanner.skipSpace()
      }
      if (this.#jsonString() === undefined) this.parse()
      scanner.skipSpace()
    } while (scanner.takeText(','))
    scanner.expect(close)
  }

  #unsupported(what: string): Expression {
    return this.#node({ kind: 'unsupported', what })
  }

  #node(expression: Expression): Expression {
    if (++this.#nodes > EXPRESSION_NODES_MAX) {
      this.#scanner.fail(`an expression of more than ${EXPRESSION_NODES_MAX} parts is too long`)
    }
    return expression
  }

  #deeper(): void {
    if (++this.#depth > EXPRESSION_DEPTH_MAX) {
      this.#scanner.fail(`an expression nested deeper than ${EXPRESSION_DEPTH_MAX} is too deep`)
    }
  }
}
