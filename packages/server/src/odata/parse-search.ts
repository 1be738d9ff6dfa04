import { SyntaxFault } from './errors.js'
import { EXPRESSION_DEPTH_MAX } from './expression.js'

/** What `$search` looks for. */
export type Search =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'not'; readonly operand: Search }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly [Search, Search] }

interface Token {
  readonly at: number
  /** Text to look for, a bracket, or a word that may be an operator. */
  readonly kind: 'text' | 'word' | '(' | ')'
  readonly text: string
}

/** Words and phrases of a search, at most; each is looked for in every column of text. */
export const SEARCH_TERMS_MAX = 50

/** Parses the value of `$search`. Throws SyntaxFault. */
export function parseSearch(text: string): Search {
  const tokens = tokenize(text)
  const parser = new SearchParser(tokens, text.length)
  return parser.parseAll()
}

/** Between two things to look for stands a space. */
const tokenShape =
  /[ \t]+|(\(|\)(?=[ \t)]|$))|"([^"]+)"(?=[ \t)]|$)|'((?:[^']|'')*)'$|([^ \t()"'][^ \t()"]*)(?=[ \t)]|$)/uy

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    tokenShape.lastIndex = at
    const match = tokenShape.exec(text)
    if (match === null) throw new SyntaxFault(`'${text.slice(at, at + 10)}' cannot stand in a search`, at)
    const [whole, bracket, phrase, quoted, word] = match
    if (bracket === '(' || bracket === ')') tokens.push({ at, kind: bracket, text: bracket })
    else if (word !== undefined) tokens.push({ at, kind: 'word', text: word })
    else if (phrase !== undefined || quoted !== undefined)
      tokens.push({ at, kind: 'text', text: phrase ?? quoted ?? '' })
    if (tokens.length > 2 * SEARCH_TERMS_MAX)
      throw new SyntaxFault(`more than ${SEARCH_TERMS_MAX} terms are too many`, at)
    at += whole.length
  }
  return tokens
}

/** AND, OR and NOT are operators only where something to look for stands behind them; AND binds tighter than OR. */
class SearchParser {
  readonly #tokens: readonly Token[]
  readonly #length: number
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens
    this.#length = length
  }

  parseAll(): Search {
    const search = this.#or()
    const rest = this.#tokens[this.#next]
    if (rest !== undefined) throw new SyntaxFault(`'${rest.text}' does not belong here`, rest.at)
    return search
  }

  #or(): Search {
    let left = this.#and()
    while (this.#takeOperator('OR')) left = { kind: 'or', operands: [left, this.#and()] }
    return left
  }

  #and(): Search {
    let left = this.#term()
    for (;;) {
      const token = this.#tokens[this.#next]
      if (token === undefined || token.kind === ')' || this.#isOperator('OR')) return left
      this.#takeOperator('AND')
      left = { kind: 'and', operands: [left, this.#term()] }
    }
  }

  #term(): Search {
    if (++this.#depth > EXPRESSION_DEPTH_MAX) throw new SyntaxFault('a search nested so deeply is too deep', 0)
    const search = this.#nestedTerm()
    this.#depth--
    return search
  }

  #nestedTerm(): Search {
    if (this.#takeOperator('NOT')) return { kind: 'not', operand: this.#term() }
    const token = this.#tokens[this.#next++]
    if (token === undefined || token.kind === ')') {
      throw new SyntaxFault('a word to look for is due', token?.at ?? this.#length)
    }
    if (token.kind !== '(') return { kind: 'text', text: token.text }
    const inner = this.#or()
    const close = this.#tokens[this.#next++]
    if (close?.kind !== ')') throw new SyntaxFault("')' is due", close?.at ?? this.#length)
    return inner
  }

  #isOperator(word: string): boolean {
    const token = this.#tokens[this.#next]
    const behind = this.#tokens[this.#next + 1]
    return token?.kind === 'word' && token.text === word && behind !== undefined && behind.kind !== ')'
  }

  #takeOperator(word: string): boolean {
    const found = this.#isOperator(word)
    if (found) this.#next++
    return found
  }
}
