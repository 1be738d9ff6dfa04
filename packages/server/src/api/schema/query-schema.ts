import { BarkeepError, invalidParameter, nearestName, shorten } from '@barkeep/core'
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'

/**
 * The query string of a route as one schema: it reads the values, refuses what is wrong in the catalogue's words,
 * gives the handler its types, and is what /openapi.json shows.
 */
export function querySchema<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false, ...commaLists })
}

/** The same, for a route whose other parameters are fields of its rows: they are handed on as text. */
export function openQuerySchema<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: Type.String(), ...commaLists })
}

/** How OpenAPI says that lists are written `a,b`. */
const commaLists = { style: 'form', explode: false } as const

/** One of a few words. */
export function choice<const Choices extends string[]>(choices: readonly [...Choices], description: string) {
  return Type.Optional(Type.Enum([...choices], { description }))
}

export function text(description: string, options: { example?: string; pattern?: string } = {}) {
  const { example, pattern } = options
  return Type.Optional(
    Type.String({ description, ...(example && { examples: [example] }), ...(pattern && { pattern }) }),
  )
}

/** Values separated by commas. */
export function list(description: string, example?: string) {
  return Type.Optional(Type.Array(Type.String(), { description, ...(example && { examples: [[example]] }) }))
}

export function whole(minimum: number, maximum: number, description: string) {
  return Type.Optional(Type.Integer({ minimum, maximum, description }))
}

/** Reads a query string by its schema. Throws UNKNOWN_PARAMETER, MISSING_PARAMETER, INVALID_PARAMETER. */
export function readQuery<Schema extends TObject>(schema: Schema, query: unknown): Static<Schema> {
  const known: Readonly<Record<string, TSchema>> = schema.properties
  const { additionalProperties } = schema as { additionalProperties?: unknown } // a keyword, outside the type
  const values: Record<string, unknown> = {}
  // The framework gives an object of strings, or arrays of them where a name is repeated.
  for (const [name, value] of Object.entries(query as Record<string, unknown>)) {
    const shape = Object.hasOwn(known, name) ? known[name] : undefined
    if (shape === undefined && additionalProperties === false) throw unknownParameter(name, Object.keys(known))
    if (typeof value !== 'string') throw invalidParameter(name, String(value), 'is given more than once.')
    values[name] = shape === undefined ? value : readValue(name, value, shape as ValueSchema)
  }
  for (const name of schema.required ?? []) if (values[name] === undefined) throw missingParameter(name, known[name])
  return values as Static<Schema> // each value was read by the schema of its name
}

/** Reads what stands in the path, so that a handler never sees another shape than its schema says. Throws INVALID_PARAMETER. */
export function readParams<Schema extends TObject>(schema: Schema, params: unknown): Static<Schema> {
  const values = Object.entries(params as Record<string, string>).map(([name, value]) => {
    const shape = schema.properties[name]
    return [name, shape === undefined ? value : readValue(name, value, shape as ValueSchema)]
  })
  return Object.fromEntries(values) as Static<Schema> // each value was read by the schema of its name
}

interface ValueSchema {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly examples?: readonly unknown[]
}

function readValue(name: string, value: string, schema: ValueSchema): unknown {
  if (schema.enum !== undefined) return oneOf(name, value, schema.enum)
  if (schema.type === 'array') return value.split(',')
  if (schema.type === 'integer') {
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema
    const read = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (read >= minimum && read <= maximum) return read
    throw invalidParameter(
      name,
      value,
      `must be a whole number from ${minimum} to ${maximum}, not '${shorten(value, 40)}'.`,
    )
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    throw invalidParameter(name, value, `'${shorten(value, 40)}' has another shape than ${schema.pattern}.`)
  }
  return value
}

/** The word of `choices` that `value` is. Throws INVALID_PARAMETER, naming the nearest. */
export function oneOf<Choice extends string>(name: string, value: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  const near = nearestName(value, choices)
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`
  throw invalidParameter(name, value, `'${shorten(value, 40)}' is none of ${choices.join(', ')}.${hint}`)
}

function missingParameter(name: string, schema: TSchema | undefined): BarkeepError {
  const { enum: words, examples } = (schema ?? {}) as ValueSchema
  const example = words?.[0] ?? examples?.[0]
  const message = `${name} is missing.${example === undefined ? '' : ` Add ${name}=${String(example)}.`}`
  return new BarkeepError('MISSING_PARAMETER', {
    message,
    errors: [{ code: 'MISSING_PARAMETER', parameter: name, message }],
  })
}

export function unknownParameter(name: string, known: readonly string[]): BarkeepError {
  const near = nearestName(name, known)
  const hint = near === undefined ? `Known here: ${known.join(', ') || 'none'}.` : `Did you mean '${near}'?`
  const message = `'${shorten(name, 40)}' is not a parameter of this route. ${hint}`
  return new BarkeepError('UNKNOWN_PARAMETER', {
    message,
    errors: [{ code: 'UNKNOWN_PARAMETER', parameter: shorten(name, 40), message }],
  })
}
