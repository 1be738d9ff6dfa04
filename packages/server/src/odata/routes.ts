import { BarkeepError, nearestName } from '@barkeep/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Api, ApiContext } from '../api/context.js'
import { countRows, queryOf, sendCollection } from './collection-answer.js'
import { csdlJson, csdlXml } from './csdl.js'
import { entityJson, findEntity, valueJson } from './entity-answer.js'
import { type EntitySet, propertyOf } from './entity-set.js'
import { entitySets } from './entity-sets.js'
import { NotSupported, parsing, sendODataError, wrongOption } from './errors.js'
import { parseOptions, type QueryOptions } from './parse-options.js'
import { type KeyPart, parsePath, type ResourcePath } from './parse-path.js'
import {
  checkVersions,
  type JsonFlavour,
  jsonFlavour,
  preferredPageRows,
  requirePlainText,
  wantsXml,
} from './preferences.js'
import { readEntities, readEntity } from './read-sql.js'

const root = '/odata/v4'
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** The datasets, instruments and bars to readers of OData 4.0: Excel, Power BI and their like. */
export function odataRoutes(app: Api, context: ApiContext): void {
  app.register(async (scope) => {
    scope.setErrorHandler(sendODataError)
    // Nothing here takes a body, so none is read; it is let pass, so that the answer still says what is wrong.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume()
      done(null)
    })
    for (const url of [root, `${root}/*`]) {
      scope.route({
        method: [...methods],
        url,
        schema: { hide: true },
        handler: (request, reply) => answer(context, request, reply),
      })
    }
  })
}

interface Asked {
  readonly context: ApiContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly options: QueryOptions
  readonly sets: readonly EntitySet[]
  /** URL of the service, with a slash behind it. */
  readonly service: string
}

async function answer(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.header('odata-version', '4.0')
  checkVersions(request)
  const [pathname = ''] = request.url.split('?')
  const below = pathname.slice(root.length).replace(/^\//, '')
  const path = parsing('path', below, () => parsePath(below))
  if (path.kind === 'unsupported') throw new NotSupported(path.what)
  if (path.kind === 'batch') throw new NotSupported('$batch')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply.header('allow', 'GET, HEAD')
    throw new BarkeepError('METHOD_NOT_ALLOWED', {
      message: `${request.method} is not possible here: OData only reads.`,
    })
  }
  const options = parseOptions(queryOf(request))
  const [missing] = options.unsupported
  if (missing !== undefined) throw new NotSupported(missing)
  const [unknown] = options.custom
  if (unknown !== undefined) throw unknownOption(unknown)
  const sets = entitySets(context.sources)
  const service = `${request.protocol}://${request.host}${root}/`
  return answerPath({ context, request, reply, options, sets, service }, path)
}

type Answered = Exclude<ResourcePath, { kind: 'unsupported' | 'batch' }>

function answerPath(asked: Asked, path: Answered): FastifyReply | Promise<FastifyReply> {
  switch (path.kind) {
    case 'service':
      return answerService(asked)
    case 'metadata':
      return answerMetadata(asked)
    case 'set':
      return answerSet(asked, path.set)
    case 'count':
      return answerCount(asked, path.set)
    case 'entity':
      return answerEntity(asked, path.set, path.key)
    case 'property':
      return answerProperty(asked, path)
  }
}

function answerService({ request, reply, options, sets, service }: Asked): FastifyReply {
  allowOptions(options, [])
  const flavour = json(reply, options, request)
  const value = sets.map(({ name }) => ({ name, kind: 'EntitySet', url: name }))
  return reply.send(JSON.stringify({ ...contextOf(flavour, `${service}$metadata`), value }))
}

function answerMetadata({ request, reply, options, sets }: Asked): FastifyReply {
  allowOptions(options, [])
  return wantsXml(options.format, request)
    ? reply.type('application/xml;charset=utf-8').send(csdlXml(sets))
    : reply.type('application/json;charset=utf-8').send(JSON.stringify(csdlJson(sets)))
}

function answerSet(asked: Asked, name: string): Promise<FastifyReply> {
  const { context, request, reply, options, service } = asked
  allowOptions(options, ['filter', 'orderby', 'select', 'search', 'apply', 'top', 'skip', 'count', 'skiptoken'])
  const set = setOf(asked, name)
  const read = readEntities(set, options, context.now())
  const rowsMax = context.config['api.rowsPerPageMax']
  const preferred = preferredPageRows(request)
  if (preferred !== undefined)
    reply.header('preference-applied', `${preferred.name}=${Math.min(preferred.rows, rowsMax)}`)
  const flavour = json(reply, options, request)
  const isPart = options.select !== undefined || options.apply !== undefined
  const part = isPart ? `(${read.properties.map((property) => property.name).join(',')})` : ''
  return sendCollection(request, reply, context.store, {
    read,
    options,
    flavour,
    pageRows: Math.min(preferred?.rows ?? rowsMax, rowsMax),
    context: `${service}$metadata#${encodeURI(`${set.name}${part}`)}`,
    url: `${service}${encodeURIComponent(set.name)}`,
  })
}

async function answerCount(asked: Asked, name: string): Promise<FastifyReply> {
  const { context, request, reply, options } = asked
  allowOptions(options, ['filter', 'search', 'apply'])
  requirePlainText(options.format, request)
  const read = readEntities(setOf(asked, name), options, context.now())
  return reply.type('text/plain;charset=utf-8').send(String(await countRows(context.store, read)))
}

async function answerEntity(asked: Asked, name: string, key: readonly KeyPart[]): Promise<FastifyReply> {
  const { context, request, reply, options, service } = asked
  allowOptions(options, ['select'])
  const set = setOf(asked, name)
  const flavour = json(reply, options, request)
  const read = readEntity(set, key, options, context.now())
  const row = await findEntity(context.store, set, read)
  const part = options.select === undefined ? '' : `(${read.properties.map((property) => property.name).join(',')})`
  const about = contextOf(flavour, `${service}$metadata#${encodeURI(`${set.name}${part}`)}/$entity`)
  return reply.send(entityJson(row, read.properties, flavour.hasLongNumbers, about['@odata.context']))
}

async function answerProperty(asked: Asked, path: Extract<Answered, { kind: 'property' }>): Promise<FastifyReply> {
  const { context, request, reply, options, service } = asked
  allowOptions(options, [])
  const set = setOf(asked, path.set)
  const property = propertyOf(set, path.property, 'path')
  const read = readEntity(set, path.key, { ...options, select: [property.name] }, context.now())
  const flavour = path.isRaw ? undefined : json(reply, options, request)
  if (path.isRaw) requirePlainText(options.format, request)
  const row = await findEntity(context.store, set, read)
  const value = row[property.name] ?? null
  if (value === null) return reply.code(204).send()
  if (flavour === undefined) return reply.type('text/plain;charset=utf-8').send(String(value))
  const [pathname = ''] = request.url.split('?')
  const about = contextOf(flavour, `${service}$metadata#${pathname.slice(root.length + 1)}`)
  const members = JSON.stringify(about).slice(1, -1)
  return reply.send(
    `{${members === '' ? '' : `${members},`}"value":${valueJson(row, property, flavour.hasLongNumbers)}}`,
  )
}

function json(reply: FastifyReply, options: QueryOptions, request: FastifyRequest): JsonFlavour {
  const flavour = jsonFlavour(options.format, request)
  const { metadata, hasLongNumbers } = flavour
  reply.type(
    `application/json;odata.metadata=${metadata};odata.streaming=true;IEEE754Compatible=${hasLongNumbers};charset=utf-8`,
  )
  return flavour
}

function contextOf({ metadata }: JsonFlavour, url: string): { '@odata.context'?: string } {
  return metadata === 'none' ? {} : { '@odata.context': url }
}

/** Throws NOT_FOUND, naming the nearest. */
function setOf({ sets }: Asked, name: string): EntitySet {
  const set = sets.find((one) => one.name === name)
  if (set !== undefined) return set
  const near = nearestName(
    name,
    sets.map((one) => one.name),
  )
  const hint = near === undefined ? `GET ${root}/ lists what there is.` : `Did you mean '${near}'?`
  throw new BarkeepError('NOT_FOUND', { message: `There is no entity set '${name.slice(0, 63)}'. ${hint}` })
}

const restricted = ['filter', 'orderby', 'select', 'search', 'apply', 'top', 'skip', 'count', 'skiptoken'] as const

/** Throws INVALID_PARAMETER for an option that says nothing about what is asked for. */
function allowOptions(options: QueryOptions, allowed: readonly (typeof restricted)[number][]): void {
  const wrong = restricted.find((name) => options[name] !== undefined && !allowed.includes(name))
  if (wrong !== undefined) throw wrongOption(`$${wrong}`, '', 'is not possible on this path.')
}

function unknownOption(name: string): BarkeepError {
  const message = `'${name.slice(0, 40)}' is no option of this service. Options of OData begin with $.`
  return new BarkeepError('UNKNOWN_PARAMETER', {
    message,
    errors: [{ code: 'UNKNOWN_PARAMETER', parameter: name.slice(0, 40), message }],
  })
}
