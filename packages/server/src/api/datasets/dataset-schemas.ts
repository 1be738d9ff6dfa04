import { columnNamePattern, columnTypes } from '@barkeep/core'
import Type from 'typebox'
import { querySchema } from '../schema/query-schema.js'

/** What the routes of datasets take and give. */

export const tags = ['datasets']
export const none = querySchema({})
export const nameParam = Type.Object({ name: Type.String({ examples: ['birds'] }) })
export const keyParams = Type.Object({ ...nameParam.properties, key: Type.String({ examples: ['40298'] }) })
export const rowSchema = Type.Record(Type.String(), Type.Unknown(), {
  description: 'A row; its dataset tells the columns.',
})

const textOrNull = Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()])
const columnSchema = Type.Object(
  {
    name: Type.String({ pattern: columnNamePattern }),
    type: Type.Enum([...columnTypes]),
    nullable: Type.Boolean(),
    title: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
)
export const datasetSchema = Type.Object({
  name: Type.String(),
  title: Type.String(),
  licence: textOrNull,
  source: textOrNull,
  key: Type.Array(Type.String(), { description: 'Columns that tell a row from all others.' }),
  columns: Type.Array(columnSchema),
  readOnly: Type.Optional(
    Type.Literal(true, { description: 'It shows what the server keeps itself; other routes write that.' }),
  ),
})

/** A definition as it is declared: what it leaves out has no value, and the columns of the key always have one. */
export const definitionBody = Type.Object(
  {
    title: Type.Optional(Type.String({ maxLength: 200 })),
    licence: Type.Optional(textOrNull),
    source: Type.Optional(textOrNull),
    key: Type.Array(Type.String(), { minItems: 1, maxItems: 20 }),
    columns: Type.Array(
      Type.Object(
        { ...columnSchema.properties, nullable: Type.Optional(Type.Boolean()) },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 500 },
    ),
  },
  { additionalProperties: false },
)

/** One row as a body. */
export const rowBody = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
  { description: 'Column → value. Instants and dates as text; whole numbers beyond 2⁵³ as text, too.' },
)

export const reportSchema = Type.Object({
  dataset: Type.String(),
  rows: Type.Integer(),
  replaced: Type.Integer(),
  removed: Type.Optional(Type.Integer({ description: 'Rows that went because the body took the place of all.' })),
  created: Type.Boolean(),
})
