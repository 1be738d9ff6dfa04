import { formatInstant } from '@barkeep/core'
import Type from 'typebox'
import type { Api } from '../context.js'
import { querySchema } from '../schema/query-schema.js'
import { envelope, pageEnvelope } from '../schema/wire-schemas.js'
import { type KeyInfo, type Keys, scopes } from './keys.js'

const tags = ['service']
const none = querySchema({})
const config = { scope: 'admin' } as const
const scopeSchema = Type.Enum([...scopes], { description: 'admin includes the others.' })
const nameSchema = Type.String({ minLength: 1, maxLength: 100, examples: ['laptop'] })
const keySchema = Type.Object({
  id: Type.String(),
  name: nameSchema,
  scopes: Type.Array(scopeSchema),
  created_at: Type.String({ format: 'date-time' }),
})
const newKeySchema = Type.Object({ ...keySchema.properties, key: Type.String({ description: 'Shown this once.' }) })
const orderSchema = Type.Object(
  { name: nameSchema, scopes: Type.Array(scopeSchema, { minItems: 1, maxItems: scopes.length }) },
  { additionalProperties: false },
)

/** Who may use the server. */
export function keysRoutes(app: Api, keys: Keys): void {
  app.get(
    '/v1/keys',
    {
      config,
      schema: {
        tags,
        summary: 'Keys, without their secrets',
        querystring: none,
        response: { 200: pageEnvelope(keySchema) },
      },
    },
    async () => ({
      request: { params: {} },
      data: keys.list().map(publicKey),
      next_cursor: null,
      links: { self: '/v1/keys' },
    }),
  )

  app.post(
    '/v1/keys',
    {
      config,
      schema: {
        tags,
        summary: 'Make a key; its secret is in this answer and nowhere else',
        querystring: none,
        body: orderSchema,
        response: { 201: envelope(newKeySchema) },
      },
    },
    async ({ body }, reply) => {
      const { info, key } = await keys.create(body.name, body.scopes)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ request: { params: {} }, data: { ...publicKey(info), key }, links: { keys: '/v1/keys' } })
    },
  )

  app.delete(
    '/v1/keys/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Revoke a key; its next request is refused',
        params: Type.Object({ id: Type.String({ examples: ['0123456789'] }) }),
        querystring: none,
        response: { 200: envelope(Type.Object({ id: Type.String() })) },
      },
    },
    async ({ params: { id } }) => {
      await keys.revoke(id)
      return { request: { params: { id } }, data: { id }, links: { keys: '/v1/keys' } }
    },
  )
}

function publicKey({ id, name, scopes: given, createdMs }: KeyInfo) {
  return { id, name, scopes: given, created_at: formatInstant(createdMs) }
}
