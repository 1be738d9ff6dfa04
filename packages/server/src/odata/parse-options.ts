import { nearestName, shorten } from '@barkeep/core'
import { parsing, SyntaxFault, wrongOption } from './errors.js'
import type { Expression } from './expression.js'
import { ExpressionParser, parseExpression } from './parse-expression.js'
import { parseSearch, type Search } from './parse-search.js'
import { dottedIdentifier, Scanner } from './scanner.js'

export interface OrderItem {
  readonly expression: Expression
  readonly descending: boolean
}

/** The options of a request, parsed but not yet held against any entity set. */
export interface QueryOptions {
  readonly filter?: Expression
  readonly orderby?: readonly OrderItem[]
  /** Names of properties; absent for all of them. */
  readonly select?: readonly string[]
  readonly search?: Search
  /** Still text: its stages are parsed one by one, each over what the one before leaves. */
  readonly apply?: string
  readonly top?: number
  readonly skip?: number
  readonly count?: boolean
  readonly skiptoken?: string
  readonly format?: string
  /** Values of parameter aliases, by name without @. */
  readonly aliases: ReadonlyMap<string, Expression>
  /** Good options of OData that this service does not have. */
  readonly unsupported: readonly string[]
  /** Options that OData leaves to services: name and value. */
  readonly custom: readonly string[]
}

const supported = [
  'filter',
  'orderby',
  'select',
  'search',
  'apply',
  'top',
  'skip',
  'count',
  'skiptoken',
  'format',
] as const
type OptionName = (typeof supported)[number]
const unsupported = ['expand', 'compute', 'levels', 'index', 'schemaversion', 'deltatoken', 'id']

/** Parses a query string, still percent-encoded. Throws INVALID_PARAMETER, UNKNOWN_PARAMETER. */
export function parseOptions(query: string): QueryOptions {
  const raw = new Map<OptionName, string>()
  const rest = { aliases: new Map<string, Expression>(), unsupported: [] as string[], custom: [] as string[] }
  for (const part of query.split('&').filter((one) => one !== '')) {
    const { name, value } = splitOption(part)
    if (name.startsWith('@')) {
      if (rest.aliases.has(name.slice(1))) throw wrongOption(name, value ?? '', 'is given more than once.')
      rest.aliases.set(
        name.slice(1),
        parsing(name, value ?? '', () => parseExpression(value ?? '')),
      )
      continue
    }
    const option = name.replace(/^\$/, '').toLowerCase()
    const known = supported.find((one) => one === option)
    if (known === undefined) {
      if (unsupported.includes(option)) checkUnsupported(option, value, rest.unsupported)
      else if (name.startsWith('$')) throw unknownOption(name)
      else rest.custom.push(name)
      continue
    }
    if (value === undefined) throw wrongOption(name, '', 'has no value.')
    if (raw.has(known) && known !== 'format') throw wrongOption(name, value, 'is given more than once.')
    if (known === 'search' && part.includes(';')) throw wrongOption(name, value, "holds ';'. Write it as %3B.")
    raw.set(known, value)
  }
  return { ...readOptions(raw), ...rest }
}

function readOptions(raw: ReadonlyMap<OptionName, string>): Omit<QueryOptions, 'aliases' | 'unsupported' | 'custom'> {
  const read = <Key extends OptionName, Value>(name: Key, parse: (text: string) => Value) => {
    const text = raw.get(name)
    if (text === undefined) return undefined
    return { [name]: parsing(`$${name}`, text, () => parse(text)) } as Record<Key, Value> // one key, just named
  }
  return {
    ...read('filter', parseExpression),
    ...read('orderby', parseOrderby),
    ...readSelect(raw.get('select')),
    ...read('search', parseSearch),
    ...read('apply', (text) => text),
    ...read('top', readWhole),
    ...read('skip', readWhole),
    ...read('count', readBoolean),
    ...read('skiptoken', (text) => text),
    ...read('format', (text) => text),
  }
}

function splitOption(part: string): { name: string; value?: string } {
  const at = part.indexOf('=')
  const raw = at === -1 ? [part] : [part.slice(0, at), part.slice(at + 1)]
  if (part.includes('#')) throw wrongOption(part.slice(0, 20), part, "holds '#'. Write it as %23.")
  try {
    const [name = '', value] = raw.map(decodeURIComponent)
    return value === undefined ? { name } : { name, value }
  } catch {
    throw wrongOption(shorten(raw[0] ?? '', 20), part, 'a percent sign is not followed by what UTF-8 allows.')
  }
}

function checkUnsupported(option: string, value: string | undefined, list: string[]): void {
  if (value === undefined || value === '') throw wrongOption(`$${option}`, '', 'has no value.')
  if (option === 'index' && !/^-?\d+$/.test(value)) throw wrongOption('$index', value, 'must be a whole number.')
  list.push(`$${option}`)
}

function unknownOption(name: string) {
  const near = nearestName(
    name,
    supported.map((one) => `$${one}`),
  )
  return wrongOption(
    shorten(name, 40),
    '',
    `is no option of OData.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  )
}

function parseOrderby(text: string): OrderItem[] {
  const scanner = new Scanner(text)
  const items: OrderItem[] = []
  do {
    scanner.skipSpace()
    const expression = new ExpressionParser(scanner).parse()
    const direction = scanner
      .take(/[ \t]+(?:asc|desc)(?=[ \t]*(?:,|$))/iy)
      ?.trim()
      .toLowerCase()
    scanner.skipSpace()
    items.push({ expression, descending: direction === 'desc' })
  } while (scanner.takeText(','))
  scanner.expectEnd()
  return items
}

function readSelect(text: string | undefined): { select?: readonly string[] } {
  if (text === undefined) return {}
  const items = parsing('$select', text, () => parseSelect(text))
  return items.includes('*') ? {} : { select: items }
}

/** Names of properties, or `*`; a path, an operation or options in brackets are kept as written and refused later. */
function parseSelect(text: string): string[] {
  const scanner = new Scanner(text)
  const items: string[] = []
  do {
    scanner.skipSpace()
    const start = scanner.at
    if (!scanner.takeText('*')) {
      do {
        scanner.takeText('@')
        if (scanner.take(dottedIdentifier) === undefined) scanner.fail('the name of a property is due')
        if (scanner.takeText('.*')) break
      } while (scanner.takeText('/'))
      if (scanner.peek(/\(/y) !== undefined) skipBrackets(scanner)
    }
    items.push(scanner.text.slice(start, scanner.at))
    scanner.skipSpace()
  } while (scanner.takeText(','))
  scanner.expectEnd()
  return items
}

function skipBrackets(scanner: Scanner): void {
  let open = 0
  do {
    const piece = scanner.take(/'(?:[^']|'')*'|[^']/uy)
    if (piece === undefined) throw new SyntaxFault("')' is due", scanner.at)
    if (piece === '(') open++
    if (piece === ')') open--
  } while (open > 0)
}

function readWhole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new SyntaxFault(`'${shorten(text, 40)}' is no whole number of 0 or more`, 0)
}

function readBoolean(text: string): boolean {
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  throw new SyntaxFault(`'${shorten(text, 40)}' is neither true nor false`, 0)
}
