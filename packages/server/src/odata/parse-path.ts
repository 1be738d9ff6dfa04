import { SyntaxFault } from './errors.js'
import type { Literal } from './expression.js'
import { parseLiteral } from './parse-literal.js'
import { dottedIdentifier, identifier, Scanner } from './scanner.js'

/** A value of a key, with the name of its property where it was written. */
export interface KeyPart {
  readonly name?: string
  /** A parameter alias has `alias` in place of a value. */
  readonly value: Literal | { readonly kind: 'alias'; readonly name: string }
}

/** What a path below the service root asks for. */
export type ResourcePath =
  | { readonly kind: 'service' }
  | { readonly kind: 'metadata' }
  | { readonly kind: 'batch' }
  | { readonly kind: 'set'; readonly set: string }
  | { readonly kind: 'count'; readonly set: string }
  | { readonly kind: 'entity'; readonly set: string; readonly key: readonly KeyPart[] }
  | {
      readonly kind: 'property'
      readonly set: string
      readonly key: readonly KeyPart[]
      readonly property: string
      /** Whether the bare value is asked for. */
      readonly isRaw: boolean
    }
  /** Good OData that this service does not have. */
  | { readonly kind: 'unsupported'; readonly what: string }

/** Parses the path below the service root, still percent-encoded. Throws SyntaxFault. */
export function parsePath(path: string): ResourcePath {
  const segments = path.split('/').map(decoded)
  if (segments.at(-1) === '') segments.pop()
  const [first, ...rest] = segments
  if (first === undefined) return { kind: 'service' }
  if (first.startsWith('$')) return systemPath(first, rest)
  const { name, key } = parseSegment(first)
  if (name.includes('.') && rest[0] === '$all') return checkedTail(rest.slice(1), '$all')
  if (name.includes('.')) throw new SyntaxFault(`'${name.slice(0, 40)}' is no entity set`, 0)
  if (key === undefined) return collectionPath(name, rest)
  if (key === 'unsupported') return checkedTail(rest, `${name}(…) with parameters`)
  if (rest.length === 0) return { kind: 'entity', set: name, key }
  return propertyPath(name, key, rest)
}

function systemPath(first: string, rest: readonly string[]): ResourcePath {
  if (first === '$metadata' && rest.length === 0) return { kind: 'metadata' }
  if (first === '$batch' && rest.length === 0) return { kind: 'batch' }
  if (/^\$(?:entity|all|crossjoin\([^()]+\))$/.test(first)) return checkedTail(rest, first)
  throw new SyntaxFault(`'${first.slice(0, 40)}' is nothing that a service has`, 0)
}

function collectionPath(set: string, rest: readonly string[]): ResourcePath {
  if (rest.length === 0) return { kind: 'set', set }
  if (rest[0] === '$count' && rest.length === 1) return { kind: 'count', set }
  if (rest.length === 1 && !/[$.(]/.test(rest[0] ?? '')) return { kind: 'unsupported', what: 'a key as a segment' }
  return checkedTail(rest, `${set}/${rest[0]}`)
}

function propertyPath(set: string, key: readonly KeyPart[], rest: readonly string[]): ResourcePath {
  const [property = '', raw] = rest
  const isName = new RegExp(`^(?:${identifier.source})$`, 'u').test(property)
  if (isName && rest.length === 1) return { kind: 'property', set, key, property, isRaw: false }
  if (isName && rest.length === 2 && raw === '$value') return { kind: 'property', set, key, property, isRaw: true }
  return checkedTail(rest, `${set}(…)/${rest.join('/')}`)
}

/** Segments that lead beyond what there is: wrong ones are told from those that are only not supported. */
function checkedTail(rest: readonly string[], what: string): ResourcePath {
  const lastOnly = ['$count', '$ref', '$value', '$query']
  for (const [index, segment] of rest.entries()) {
    if (lastOnly.includes(segment)) {
      if (index < rest.length - 1) throw new SyntaxFault(`nothing can follow ${segment}`, 0)
    } else if (!/^(?:\$each|\$filter\(.+\)|[^$].*)$/u.test(segment)) {
      throw new SyntaxFault(`'${segment.slice(0, 40)}' cannot stand in a path`, 0)
    }
  }
  return { kind: 'unsupported', what: `the path ${what.slice(0, 60)}` }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new SyntaxFault('a percent sign is not followed by what UTF-8 allows', 0)
  }
}

function parseSegment(segment: string): { name: string; key?: KeyPart[] | 'unsupported' } {
  const scanner = new Scanner(segment)
  const name = scanner.take(dottedIdentifier)
  if (name === undefined) return scanner.fail('the name of an entity set is due')
  if (scanner.atEnd) return { name }
  scanner.expect('(')
  if (scanner.takeText(')')) {
    if (!scanner.atEnd && !scanner.takeText('(')) scanner.expectEnd()
    return { name, key: 'unsupported' }
  }
  const key = [parseKeyPart(scanner)]
  while (scanner.takeText(',')) key.push(parseKeyPart(scanner))
  scanner.expect(')')
  if (scanner.takeText('(')) return { name, key: 'unsupported' }
  scanner.expectEnd()
  if (key.length > 1 && key.some((part) => part.name === undefined)) scanner.fail('a key of several parts names them')
  return { name, key }
}

function parseKeyPart(scanner: Scanner): KeyPart {
  scanner.skipSpace()
  const start = scanner.at
  const name = scanner.take(identifier)
  const isNamed = name !== undefined && scanner.takeText('=')
  if (!isNamed) scanner.at = start
  const value = parseKeyValue(scanner)
  scanner.skipSpace()
  return { ...(isNamed && { name }), value }
}

function parseKeyValue(scanner: Scanner): KeyPart['value'] {
  if (scanner.takeText('@')) {
    const name = scanner.take(identifier)
    return name === undefined ? scanner.fail('a name is due after @') : { kind: 'alias', name }
  }
  return parseLiteral(scanner) ?? scanner.fail('a value is due')
}
