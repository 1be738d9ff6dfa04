import { BarkeepError, type ErrorDetail, shorten } from '@barkeep/core'
import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { readParams, readQuery } from './query-schema.js'

/** Gives handlers the types of their route's schemas. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  readonly serializer: unknown
}

/** Faults of a body that are named; the rest are counted. */
const FAULTS_NAMED_MAX = 100

/** Checks the parts of a request by the schemas of its route, and says what is wrong in the catalogue's words. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'querystring') {
    return (value) => resultOf(() => readQuery(schema as TObject, value)) // every querystring is a querySchema
  }
  if (httpPart === 'params') {
    return (value) => resultOf(() => readParams(schema as TObject, value)) // the params of a route are an object
  }
  if (httpPart !== 'body') return (value) => ({ value })
  const validator = Compile(schema)
  return (value) => {
    if (validator.Check(value)) return { value }
    return { error: invalidBody(validator.Errors(value), value) }
  }
}

function resultOf(read: () => unknown): { value: unknown } | { error: Error } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof BarkeepError) return { error }
    throw error
  }
}

interface SchemaFault {
  readonly instancePath: string
  readonly message: string
  readonly keyword: string
  readonly params: object
}

function invalidBody(faults: readonly SchemaFault[], body: unknown): BarkeepError {
  // A union tells once for each branch that it does not fit; the sentence about the whole is enough.
  const told = faults.filter(({ keyword }) => keyword !== 'const')
  const errors = told.slice(0, FAULTS_NAMED_MAX).map((fault) => detailOf(fault, body))
  const [first] = errors
  const why = (first?.message ?? 'it is not what is expected').replace(/\.$/, '')
  const more = told.length > 1 ? `, and ${told.length - 1} more` : ''
  return new BarkeepError('INVALID_BODY', {
    message: `The body breaks the schema of this route: ${why}${more}.`,
    errors,
  })
}

function detailOf({ instancePath, keyword, message: told, params }: SchemaFault, body: unknown): ErrorDetail {
  const message = keyword === 'enum' ? oneOfSentence(params) : told
  const [, ...path] = instancePath.split('/')
  const index = Array.isArray(body) && /^\d+$/.test(path[0] ?? '') ? Number(path.shift()) : undefined
  const named = keyword === 'enum' ? undefined : Object.values(params).flat()[0]
  const field = path.join('.') || (typeof named === 'string' ? shorten(named, 60) : '')
  const place = index === undefined ? '' : `row ${index}: `
  return {
    code: 'INVALID_BODY',
    message: `${place}${field === '' ? '' : `${field} `}${message}`,
    ...(field !== '' && { field }),
    ...(index !== undefined && { index }),
  }
}

function oneOfSentence(params: object): string {
  const [words] = Object.values(params) // the words that are allowed, under a name of the validator
  return `must be one of ${[words].flat().map(String).join(', ')}`
}
