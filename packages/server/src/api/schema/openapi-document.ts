import { type ExampleNames, type OperationExample, operationExamples } from './openapi-examples.js'
import { problemResponse } from './openapi-responses.js'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly example?: unknown
  readonly schema: { readonly type?: string; readonly enum?: readonly unknown[] }
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, object>> }
  readonly responses: Readonly<Record<string, unknown>>
  readonly 'x-filters'?: true
}

/** As much of an OpenAPI document as is changed here. */
export interface ApiDocument {
  readonly components?: object
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** The document with the problem that all operations can answer, and with requests to try that are answered. */
export function addExamples(document: ApiDocument, names: ExampleNames): ApiDocument {
  const examples: Readonly<Record<string, OperationExample>> = operationExamples(names)
  const paths = Object.entries(document.paths)
    .sort(schemasLast)
    .map(([path, operations]) => {
      const told = Object.entries(operations).map(([method, operation]) => {
        return [method, addExample(operation, examples[`${method.toUpperCase()} ${path}`] ?? {})]
      })
      return [path, Object.fromEntries(told)]
    })
  return {
    ...document,
    components: { ...document.components, responses: { Problem: problemResponse } },
    paths: Object.fromEntries(paths),
  }
}

/** The schemas of messages are the last that one looks for. */
function schemasLast([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Number(a.endsWith('.proto')) - Number(b.endsWith('.proto'))
}

const filters = {
  name: 'filters',
  in: 'query',
  description: 'Conditions on columns, by `column`, `column.gt`, `.gte`, `.lt`, `.lte` or `.in` with a list `a,b`.',
  style: 'form',
  explode: true,
  schema: { type: 'object', additionalProperties: { type: 'string' } },
  example: {},
}

function addExample(
  { 'x-filters': takesFilters, ...operation }: Operation,
  { params = {}, body, texts = {} }: OperationExample,
) {
  const parameters = takesFilters ? [...(operation.parameters ?? []), filters] : operation.parameters
  const { requestBody } = operation
  const bodies = Object.entries(requestBody?.content ?? {}).map(([type, media]) => {
    const example = type === 'application/json' ? body : texts[type]
    return [type, example === undefined ? media : { ...media, example }]
  })
  return {
    ...operation,
    ...(parameters && { parameters: parameters.map((parameter) => fit(parameter, params[parameter.name])) }),
    ...(requestBody && { requestBody: { ...requestBody, content: Object.fromEntries(bodies) } }),
    responses: { ...operation.responses, default: { $ref: '#/components/responses/Problem' } },
  }
}

/**
 * A page that tries a request fills in every example, so that of a parameter which may stay empty goes into its words:
 * some exclude each other.
 */
function fit(given: Parameter, example: unknown): Parameter {
  const parameter = { ...given, schema: typed(given.schema) }
  const { example: shown, ...rest } = parameter
  if (example !== undefined) return { ...rest, example }
  if (parameter.required || given === filters || shown === undefined) return parameter
  return { ...rest, description: `${parameter.description ?? ''} Such as \`${[shown].flat().join(',')}\`.`.trim() }
}

/** One of a few words is text, which the schema leaves to be seen from the words. */
function typed(schema: Parameter['schema']): Parameter['schema'] {
  return schema.enum === undefined ? schema : { type: 'string', ...schema }
}
