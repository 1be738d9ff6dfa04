import { formats } from '@barkeep/core'
import Type from 'typebox'
import { problemSchema } from './wire-schemas.js'

/** What the description knows of a route. */
export interface DescribedRoute {
  readonly method: string
  /** What its handler answers, by status: a schema, or a response of OpenAPI with its content. */
  readonly response: Readonly<Record<string, object>>
  /** Only the answer tells a secret, so it is never left out. */
  readonly isAdmin: boolean
}

const text = { type: 'string' }
const binary = { type: 'string', format: 'binary' }

/** A problem in the formats of problems; every operation can answer it, so it stands in the description once. */
export const problemResponse = {
  description: 'A problem, with one of the [codes](/docs/errors).',
  content: {
    'application/problem+json': { schema: problemSchema },
    'application/problem+xml': { schema: text },
    [formats.protobuf]: { schema: binary },
  },
}

/** The answers of a route in each format that an Accept header can choose, and those without a body. */
export function describeResponses({ method, response, isAdmin }: DescribedRoute): Record<string, object> {
  const isRead = method === 'GET'
  const told = Object.entries(response).map(([status, answer]) => [status, describeAnswer(answer)])
  return {
    ...Object.fromEntries(told),
    ...(isRead && { 304: bodiless('What `If-None-Match` names is still so.') }),
    ...(!isRead &&
      !isAdmin &&
      '200' in response && { 204: bodiless('Done; so is answered what asks for `Prefer: return=minimal`.') }),
  }
}

function bodiless(description: string): object {
  return Type.Null({ description })
}

function describeAnswer(answer: object): object {
  const schema = answer as AnswerSchema // a route declares a schema, or a response with its content
  if (schema.content !== undefined || schema.type === 'null') return schema
  const { description = 'Done' } = schema
  if (schema.type === 'string') return { description, content: { 'text/plain': { schema } } }
  const row = rowOfList(schema)
  return {
    description,
    content: {
      [formats.json]: { schema },
      [formats.xml]: { schema: text },
      [formats.protobuf]: { schema: binary },
      ...(row && {
        [formats.ndjson]: { schema: row },
        [formats.csv]: { schema: text },
        [formats.arrow]: { schema: binary },
        [formats.parquet]: { schema: binary },
      }),
    },
  }
}

/** What one row of the answer is, where the data of its envelope can be a list. */
function rowOfList({ properties }: AnswerSchema): object | undefined {
  const data = properties?.data
  return [data, ...(data?.anyOf ?? [])].find((one) => one?.type === 'array')?.items
}

interface AnswerSchema {
  readonly type?: string
  readonly description?: string
  readonly content?: object
  readonly properties?: Readonly<Record<string, ListSchema>>
}

interface ListSchema {
  readonly type?: string
  readonly items?: object
  readonly anyOf?: readonly ListSchema[]
}
