import { NotSupported } from './errors.js'
import type { Expression } from './expression.js'
import { ExpressionParser } from './parse-expression.js'
import { identifier, Scanner } from './scanner.js'

export const aggregateMethods = ['sum', 'min', 'max', 'average', 'countdistinct'] as const
export type AggregateMethod = (typeof aggregateMethods)[number]

export interface Aggregate {
  /** Absent for `$count`, which counts rows. */
  readonly of?: { readonly expression: Expression; readonly method: AggregateMethod }
  readonly as: string
}

/** One stage of `$apply`; each works on what the one before leaves. */
export type Transformation =
  | { readonly kind: 'filter'; readonly condition: Expression }
  /** Without properties all rows are one group. */
  | { readonly kind: 'group'; readonly by: readonly string[]; readonly aggregates: readonly Aggregate[] }

/** Stages of one `$apply`, at most. */
const STAGES_MAX = 10

/** Parses the value of `$apply`. Throws SyntaxFault, and NotSupported for transformations that are not there. */
export function parseApply(text: string): Transformation[] {
  const scanner = new Scanner(text)
  const stages: Transformation[] = []
  do {
    stages.push(parseStage(scanner))
    if (stages.length > STAGES_MAX) scanner.fail(`more than ${STAGES_MAX} stages are too many`)
  } while (scanner.takeText('/'))
  scanner.expectEnd()
  return stages
}

function parseStage(scanner: Scanner): Transformation {
  const name = scanner.take(/[a-z]+(?=\()/y)
  if (name === undefined) return scanner.fail('a transformation is due')
  if (name === 'aggregate') return { kind: 'group', by: [], aggregates: parseAggregates(scanner) }
  if (name !== 'filter' && name !== 'groupby') throw new NotSupported(`$apply with ${name}`)
  scanner.expect('(')
  scanner.skipSpace()
  const stage = name === 'filter' ? parseFilter(scanner) : parseGroup(scanner)
  scanner.skipSpace()
  scanner.expect(')')
  return stage
}

function parseFilter(scanner: Scanner): Transformation {
  return { kind: 'filter', condition: new ExpressionParser(scanner).parse() }
}

function parseGroup(scanner: Scanner): Transformation {
  scanner.expect('(')
  const by: string[] = []
  do {
    scanner.skipSpace()
    if (scanner.peek(/rollup\(/y) !== undefined) throw new NotSupported('$apply with rollup')
    const name = scanner.take(identifier)
    if (name === undefined) return scanner.fail('the name of a property is due')
    if (by.includes(name)) scanner.fail(`${name} stands there twice`)
    by.push(name)
    scanner.skipSpace()
  } while (scanner.takeText(','))
  scanner.expect(')')
  scanner.skipSpace()
  if (!scanner.takeText(',')) return { kind: 'group', by, aggregates: [] }
  scanner.skipSpace()
  if (!scanner.takeText('aggregate')) throw new NotSupported('groupby with anything but aggregate')
  return { kind: 'group', by, aggregates: parseAggregates(scanner) }
}

function parseAggregates(scanner: Scanner): Aggregate[] {
  const aggregates: Aggregate[] = []
  scanner.expect('(')
  do {
    scanner.skipSpace()
    aggregates.push(parseAggregate(scanner))
    scanner.skipSpace()
  } while (scanner.takeText(','))
  scanner.expect(')')
  return aggregates
}

function parseAggregate(scanner: Scanner): Aggregate {
  if (scanner.take(/\$count(?=[ \t])/y) !== undefined) return { as: parseAs(scanner) }
  const expression = new ExpressionParser(scanner).parse()
  if (scanner.take(/[ \t]+with[ \t]+/y) === undefined) return scanner.fail("'with' and a method are due")
  const word = scanner.take(/[\p{L}_][\p{L}\p{N}_.]*/uy)
  const method = aggregateMethods.find((one) => one === word)
  if (method === undefined) throw new NotSupported(`the aggregation method ${String(word).slice(0, 40)}`)
  return { of: { expression, method }, as: parseAs(scanner) }
}

function parseAs(scanner: Scanner): string {
  if (scanner.take(/[ \t]+as[ \t]+/y) === undefined) scanner.fail("'as' and a name are due")
  return scanner.take(identifier) ?? scanner.fail('a name is due')
}
