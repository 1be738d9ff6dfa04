import { errorCatalogue, instrumentKinds } from '@barkeep/core'
import Type, { type TSchema } from 'typebox'
import { envelope } from '../schema/wire-schemas.js'

const texts = Type.Array(Type.String())
const bySource = Type.Record(Type.String(), Type.String())
const textOrNull = Type.Union([Type.String(), Type.Null()])

const hitFields = {
  id: Type.String({ examples: ['TWSE:2330'] }),
  kind: Type.Enum([...instrumentKinds, 'dataset', 'row']),
  title: Type.String(),
  instrument: textOrNull,
  isin: textOrNull,
  exchange: Type.String(),
  names: Type.Array(Type.String(), { description: 'All that it is called, in any language.' }),
  symbols: Type.Record(Type.String(), Type.String(), { description: 'Source → its symbol there.' }),
  url: bySource,
  sources: texts,
  score: Type.Integer({ minimum: 1, maximum: 100, description: 'How well it fits the words; it never falls.' }),
  same_as: textOrNull,
}
const hit = Type.Object(hitFields)
const patch = Type.Object({ _idx: Type.Integer({ minimum: 0 }), ...Type.Partial(hit).properties })

const head = {
  uuid: Type.String(),
  epoch: Type.String({ description: 'Names the life of the server.' }),
  query: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  running: Type.Boolean(),
  remains: Type.Array(Type.String(), { description: 'Sources that are still being asked.' }),
  errors: Type.Array(
    Type.Union([
      Type.Object({ source: Type.String(), code: Type.Enum(Object.keys(errorCatalogue)), message: Type.String() }),
      Type.String({ description: 'With names=books: the source alone.' }),
    ]),
  ),
}
const state = Type.Object({ ...head, hits: Type.Array(hit) })
const book = Type.Record(Type.String(), Type.Unknown(), { description: "A hit under the names of CALIL's clients." })
const books = Type.Object({ ...head, books: Type.Array(book) })
const increment = Type.Object({
  ...head,
  from: Type.Integer({ description: 'It fits a state of this version and no other.' }),
  hits_diff: Type.Object({ insert: Type.Array(hit), update: Type.Array(patch) }),
})

const booksIncrement = Type.Object({
  ...head,
  from: increment.properties.from,
  books_diff: Type.Object({ insert: Type.Array(book), update: Type.Array(book) }),
})

/** Searches are told as JSON alone: their answers are made once for all who follow. */
function json(description: string, schema: TSchema) {
  return { description, content: { 'application/json': { schema } } }
}

export const searchAnswers = {
  state: json('All there is by now', Type.Union([state, books])),
  stateInEnvelope: json('All there is by now', envelope(state)),
  increment: json('What changed', envelope(increment)),
  polled: json(
    'What changed, all there is, or null for nothing new',
    Type.Union([increment, booksIncrement, state, books, Type.Null()]),
  ),
  nothing: Type.Null({ description: 'Nothing new within the wait.' }),
}
