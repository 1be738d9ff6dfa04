import { type BinaryOperator, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX, type Expression } from './expression.js'
import { binaryOperator, bindings } from './expression-grammar.js'
import { type ExpressionSurroundings, parseExpressionPath } from './parse-expression-path.js'
import { parseJsonString, parseJsonValue } from './parse-json-value.js'
import { parseLiteral } from './parse-literal.js'
import { Scanner } from './scanner.js'

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
  readonly #around: ExpressionSurroundings
  #nodes = 0
  #depth = 0

  constructor(scanner: Scanner) {
    this.#scanner = scanner
    this.#around = {
      scanner,
      parse: () => this.parse(),
      node: (expression) => this.#node(expression),
      unsupported: (what) => this.#unsupported(what),
    }
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
      const literal =
        close === ']' ? (parseJsonString(this.#scanner) ?? parseLiteral(this.#scanner)) : parseLiteral(this.#scanner)
      if (literal === undefined) return undefined
      list.push(this.#node(literal))
      this.#scanner.skipSpace()
      if (this.#scanner.takeText(close)) return list
      if (!this.#scanner.takeText(',')) return undefined
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
    if (scanner.peek(/[[{]/y) === undefined) return parseExpressionPath(this.#around)
    this.#deeper()
    parseJsonValue(this.#around)
    this.#depth--
    return this.#unsupported('an array or object as a value')
  }

  #unary(operator: 'not' | 'negate'): Expression {
    this.#deeper()
    const operand = this.#membership(this.#operand())
    this.#depth--
    return this.#node({ kind: 'unary', operator, operand })
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
