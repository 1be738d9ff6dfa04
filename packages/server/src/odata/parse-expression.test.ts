import { defaultParser, type Token } from '@odata/parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Expression } from './expression.js'
import { parseExpression } from './parse-expression.js'

/** `ODATA_FUZZ_RUNS=50000` for a long run. */
const runs = Number(process.env.ODATA_FUZZ_RUNS ?? 500)

/** The tree as text: `(eq (mul a 2) 3)`. */
function shown(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return expression.type === 'string' ? `'${expression.text.replaceAll("'", "''")}'` : expression.text
    case 'property':
      return expression.name
    case 'alias':
      return `@${expression.name}`
    case 'unary':
      return `(${expression.operator} ${shown(expression.operand)})`
    case 'binary':
      return `(${expression.operator} ${shown(expression.left)} ${shown(expression.right)})`
    case 'call':
      return `(${[expression.name, ...expression.args.map(shown)].join(' ')})`
    case 'in':
      return `(in ${[expression.operand, ...expression.list].map(shown).join(' ')})`
    case 'unsupported':
      return `<${expression.what}>`
  }
}

describe('operators bind as the standard says', () => {
  test.each([
    ['a mul 2 add 3 eq 7', '(eq (add (mul a 2) 3) 7)'],
    ['a add 2 mul 3 eq 7', '(eq (add a (mul 2 3)) 7)'],
    ['a sub b sub c', '(sub (sub a b) c)'],
    ['a div b mul c divby d mod e', '(mod (divby (mul (div a b) c) d) e)'],
    ['not a eq 1 and b eq 2', '(and (eq (not a) 1) (eq b 2))'],
    ['not (a eq 1) and b eq 2', '(and (not (eq a 1)) (eq b 2))'],
    ['not contains(a,b) or c', '(or (not (contains a b)) c)'],
    ['a or b and c or d', '(or (or a (and b c)) d)'],
    ['a eq b gt c', '(eq a (gt b c))'],
    ['a gt 1 eq true', '(eq (gt a 1) true)'],
    ['-a add b', '(add (negate a) b)'],
    ['-a mul -5', '(mul (negate a) -5)'],
    ['- a', '(negate a)'],
    ['not not a', '(not (not a))'],
    ["not a in (1,'x', null)", "(not (in a 1 'x' null))"],
    ['a in (1,2) eq true', '(eq (in a 1 2) true)'],
    ['a in ["x",\'y\',3]', "(in a 'x' 'y' 3)"],
    ['a in ()', '(in a)'],
    ['((a)) eq (1)', '(eq a 1)'],
  ])('%s', (text, expected) => {
    expect(shown(parseExpression(text))).toBe(expected)
  })
})

describe('values and names are told apart', () => {
  test.each([
    ["'it''s'", "'it''s'"],
    ['2026-11-20', '2026-11-20'],
    ['2026-11-20T01:00Z', '2026-11-20T01:00Z'],
    ['2026-11-20T01:00:00.123456+08:00', '2026-11-20T01:00:00.123456+08:00'],
    ['0.10', '0.10'],
    ['-INF', '-INF'],
    ['TRUE', 'true'],
    ['12345678901234567890', '12345678901234567890'],
    ['鳥名 eq 1', '(eq 鳥名 1)'],
    ['$it/true', 'true'],
    ['$it/鳥名', '鳥名'],
    ['nullable eq null', '(eq nullable null)'],
    ['eq eq ne', '(eq eq ne)'],
    ['year', 'year'],
    ['Year(year)', '(year year)'],
    ['@p', '@p'],
    ['case(a:1,true:2)', '(case a 1 true 2)'],
    ['a/b', '<a path such as a/…>'],
    ['a/any(x:x/b eq 1 and x/c in (1,2))', '<a path such as a/…>'],
  ])('%s', (text, expected) => {
    expect(shown(parseExpression(text))).toBe(expected)
  })

  test.each([
    '',
    ' ',
    '(',
    'a eq',
    'a eq 1 b',
    'a  eq1',
    'a and',
    'eq 1',
    'a eq 1)',
    "'open",
    'a eq 2026-13-01',
    'a in 1,2',
    'a in (1,)',
    'substring(a)',
    'length(a,b)',
    'now(1)',
    'a.b',
    'nope(',
    '1.',
    '.5',
    '01-02',
    'a + b',
    'a == 1',
    "a eq 'x'y",
    'case(a)',
    '@',
    '$it/',
  ])('%s is refused', (text) => {
    expect(() => parseExpression(text)).toThrow(/./)
  })

  test('no text makes the parser fail in any other way, or take long', () => {
    const pieces = [
      '(',
      ')',
      ',',
      ' ',
      'a',
      "'",
      '1',
      '-',
      'not ',
      ' eq ',
      ' in ',
      'contains(',
      '/',
      '@',
      '$it',
      '"',
      '[',
      ':',
      '{',
      'any(',
      '玉',
      '.',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (texts) => {
        try {
          parseExpression(texts.join(''))
        } catch (error) {
          expect((error as Error).name).toBe('SyntaxFault') // whatever is thrown has a name
        }
      }),
      { numRuns: runs },
    )
  }, 3_600_000)
})

/** Fully bracketed, so that no rule of precedence is needed to read it. */
const bracketed = fc.letrec<{ number: string; truth: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom('A', 'Bb', '_c', '1', '25', '3.5', '-4'),
    fc
      .tuple(tie('number'), fc.constantFrom('add', 'sub', 'mul', 'div', 'mod'), tie('number'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    tie('number').map((a) => `round(${a})`),
    tie('number').map((a) => `(-(${a}))`),
    fc.constantFrom("length('x')", "indexof(A,'it''s')"),
  ),
  truth: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc
      .tuple(tie('number'), fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'), tie('number'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    fc
      .tuple(tie('truth'), fc.constantFrom('and', 'or'), tie('truth'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    tie('truth').map((a) => `(not (${a}))`),
    fc.constantFrom("contains(A,'x')", "startswith(tolower(A),'y')", '(A eq null)', '(A eq true)', '(D eq 2026-11-20)'),
  ),
}))

test('a tree is the one of another parser, wherever brackets leave no doubt', () => {
  fc.assert(
    fc.property(bracketed.truth, (text) => {
      expect([text, shown(parseExpression(text))]).toEqual([text, shownToken(defaultParser.filter(text))])
    }),
    { numRuns: runs },
  )
}, 3_600_000)

const operators: Readonly<Record<string, string>> = {
  EqualsExpression: 'eq',
  NotEqualsExpression: 'ne',
  LesserThanExpression: 'lt',
  LesserOrEqualsExpression: 'le',
  GreaterThanExpression: 'gt',
  GreaterOrEqualsExpression: 'ge',
}

/** The other parser's tree as text. */
function shownToken(token: Token): string {
  const { type, value, raw } = token as { type: string; value: Record<string, unknown>; raw: string } // as its types have it
  const child = (name: string) => shownToken(value[name] as Token) // the names below are those of this kind of token
  if (type === 'Literal' || type === 'FirstMemberExpression') return raw
  if (type === 'MethodCallExpression') {
    const args = (value.parameters ?? []) as Token[] // of a method call
    return `(${[String(value.method), ...args.map(shownToken)].join(' ')})`
  }
  if (type === 'NotExpression') return `(not ${shownToken(value as unknown as Token)})`
  if (type === 'NegateExpression') return `(negate ${shownToken(value as unknown as Token)})`
  if (value.left !== undefined) {
    const operator = operators[type] ?? type.replace('Expression', '').toLowerCase()
    return `(${operator} ${child('left')} ${child('right')})`
  }
  return shownToken(value as unknown as Token)
}
