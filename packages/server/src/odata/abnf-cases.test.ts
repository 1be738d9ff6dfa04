import { existsSync, readFileSync } from 'node:fs'
import { BarkeepError } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { NotSupported, SyntaxFault } from './errors.js'
import type { Expression, LiteralType } from './expression.js'
import { callSql } from './function-sql.js'
import type { Value } from './literal-sql.js'
import { parseExpression } from './parse-expression.js'
import { parseLiteral } from './parse-literal.js'
import { parseOptions, type QueryOptions } from './parse-options.js'
import { parsePath } from './parse-path.js'
import { parseSearch } from './parse-search.js'
import { preferredPageRows } from './preferences.js'
import { identifier, Scanner } from './scanner.js'

const file = new URL('../../../../../shared/data/odata/odata-abnf-testcases.yaml', import.meta.url)
const missing = !existsSync(file)
if (missing && process.env.CI === 'true') throw new Error(`real data is missing: ${file.pathname}`)
if (missing) console.warn(`SKIPPED, real data is missing: ${file.pathname}`)

interface Case {
  readonly Name: string
  readonly Rule: string
  readonly Input: string
  readonly FailAt?: number
}

/** What the parsers say to an input; `elsewhere` is what a server never reads, such as context URLs of answers. */
type Outcome = 'accepted' | 'not supported' | 'refused' | 'elsewhere'

describe.skipIf(missing)('the test cases of OASIS', () => {
  const { TestCases: cases } = missing
    ? { TestCases: [] }
    : (parse(readFileSync(file, 'utf8')) as { TestCases: Case[] }) // its shape is in its first lines
  const outcomes = cases.map((one) => ({ ...one, outcome: outcomeOf(one) }))

  test('good ones are accepted or not supported, bad ones are not accepted', () => {
    const wrong = outcomes.filter(({ FailAt, outcome }) => {
      if (outcome === 'elsewhere') return false
      return FailAt === undefined ? outcome === 'refused' : outcome === 'accepted'
    })
    // Only a model with complex properties and streams could tell that these two have no bare value.
    expect(wrong.map(({ Input, outcome }) => `${outcome}: ${Input}`)).toEqual([
      'accepted: Categories(1)/Address/$value',
      'accepted: Categories(1)/Thumbnail/$value',
    ])
  })

  test('are counted', () => {
    const count = (isGood: boolean, wanted: Outcome) =>
      outcomes.filter(({ FailAt, outcome }) => (FailAt === undefined) === isGood && outcome === wanted).length
    expect({
      all: cases.length,
      elsewhere: count(true, 'elsewhere') + count(false, 'elsewhere'),
      good: { accepted: count(true, 'accepted'), notSupported: count(true, 'not supported') },
      bad: { refused: count(false, 'refused'), notSupported: count(false, 'not supported') },
    }).toEqual({
      all: 840,
      elsewhere: 161,
      good: { accepted: 253, notSupported: 371 },
      bad: { refused: 43, notSupported: 10 },
    })
  })
})

const literalTypes: Readonly<Record<string, readonly LiteralType[]>> = {
  null: ['null'],
  boolean: ['boolean'],
  guid: ['guid'],
  date: ['date'],
  dateTimeOffsetLiteral: ['instant'],
  dateTimeOffsetValueInUrl: ['instant'],
  timeOfDayLiteral: ['timeOfDay'],
  stringLiteral: ['string'],
  binaryLiteral: ['binary'],
  durationLiteral: ['duration', 'string'],
  enumLiteral: ['enum', 'string'],
  decimalLiteral: ['decimal', 'integer'],
  doubleLiteral: ['decimal', 'integer'],
  singleLiteral: ['decimal', 'integer'],
  sbyteLiteral: ['integer'],
  int16Literal: ['integer'],
  int32Literal: ['integer'],
  int64Literal: ['integer'],
}
const expressionRules =
  /^(?:commonExpr|boolcommonExpr|firstMemberExpr|propertyPathExpr|isofExpr|notExpr|primitiveLiteral|geo(?:graphy|metry)[A-Z]\w*)$/i
const optionRules =
  /^(?:filter|orderby|select|expand|search|compute|queryOptions|systemQueryOption|skiptoken|deltatoken|customQueryOption)$/i
const service = /^http:\/\/(?:host\/service|serviceRoot|services\.odata\.org\/OData\/OData\.svc)\//
/** Names that the cases declare as options of their own. */
const customOptions = ['find', '!deltatoken', '!special', 'ManagerID']

function outcomeOf({ Rule, Input }: Case): Outcome {
  try {
    const types = literalTypes[Rule]
    if (types !== undefined) return literalOutcome(Input, types)
    if (expressionRules.test(Rule)) return expressionOutcome(parseExpression(decodeURIComponent(Input)))
    if (Rule === 'anyExpr') return expressionOutcome(parseExpression(`Items/${Input}`))
    if (Rule === 'searchExpr') return parseSearch(decodeURIComponent(Input)) && 'accepted'
    if (optionRules.test(Rule)) return optionsOutcome(parseOptions(Input))
    if (Rule === 'odataRelativeUri' || Rule === 'resourcePath') return uriOutcome(Input)
    if (Rule === 'odataUri' && service.test(Input)) return uriOutcome(Input.replace(service, ''))
    if (Rule === 'odataIdentifier' || Rule === 'entitySetName') return identifierOutcome(Input)
    if (/maxpagesize/.test(Input)) return preferenceOutcome(Input)
    return 'elsewhere'
  } catch (error) {
    if (error instanceof NotSupported) return 'not supported'
    if (error instanceof SyntaxFault || error instanceof BarkeepError) return 'refused'
    throw error
  }
}

function literalOutcome(input: string, types: readonly LiteralType[]): Outcome {
  const scanner = new Scanner(decodeURIComponent(input))
  const literal = parseLiteral(scanner)
  if (literal === undefined || !scanner.atEnd || !types.includes(literal.type)) return 'refused'
  return expressionOutcome(literal)
}

function identifierOutcome(input: string): Outcome {
  const scanner = new Scanner(input)
  return scanner.take(identifier) !== undefined && scanner.atEnd ? 'accepted' : 'refused'
}

function preferenceOutcome(input: string): Outcome {
  const prefer = input.replace(/^Prefer:/i, '')
  // Only the header is looked at.
  return preferredPageRows({ headers: { prefer } } as unknown as FastifyRequest) === undefined ? 'refused' : 'accepted'
}

function uriOutcome(input: string): Outcome {
  const [path = '', query = ''] = input.split(/\?(.*)/s)
  if (/#/.test(path)) return 'elsewhere'
  const resource = parsePath(path)
  const options = optionsOutcome(parseOptions(query))
  return resource.kind === 'unsupported' || resource.kind === 'batch' ? 'not supported' : options
}

function optionsOutcome(options: QueryOptions): Outcome {
  if (options.custom.some((name) => !customOptions.includes(name))) return 'refused'
  if (options.unsupported.length > 0) return 'not supported'
  if (options.select?.some((name) => /[./(@]/.test(name))) return 'not supported'
  const expressions = [
    ...(options.filter === undefined ? [] : [options.filter]),
    ...(options.orderby ?? []).map(({ expression }) => expression),
    ...options.aliases.values(),
  ]
  const outcomes = expressions.map(expressionOutcome)
  return outcomes.find((one) => one !== 'accepted') ?? 'accepted'
}

const nothing: Value = { sql: 'NULL', type: 'null', nullable: true }
const unknownTypes: readonly LiteralType[] = ['timeOfDay', 'guid', 'duration', 'binary', 'enum', 'geo']

function expressionOutcome(expression: Expression): Outcome {
  switch (expression.kind) {
    case 'unsupported':
      return 'not supported'
    case 'literal':
      return unknownTypes.includes(expression.type) ? 'not supported' : 'accepted'
    case 'call':
      if (expression.name !== 'case' && expression.name !== 'now')
        callSql(
          expression.name,
          expression.args.map(() => nothing),
          'x',
        )
      return worst(expression.args)
    case 'unary':
      return expressionOutcome(expression.operand)
    case 'binary':
      return worst([expression.left, expression.right])
    case 'in':
      return worst([expression.operand, ...expression.list])
    default:
      return 'accepted'
  }
}

function worst(expressions: readonly Expression[]): Outcome {
  return expressions.map(expressionOutcome).find((one) => one !== 'accepted') ?? 'accepted'
}
