import { BarkeepError } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'
import { wrongOption } from './errors.js'

/** How an answer is to be written. */
export interface JsonFlavour {
  readonly metadata: 'minimal' | 'none'
  /** Whether whole numbers of 64 bits are text. */
  readonly hasLongNumbers: boolean
}

/** The flavour of JSON that `$format` or the Accept header wants. Throws NOT_ACCEPTABLE. */
export function jsonFlavour(format: string | undefined, request: FastifyRequest): JsonFlavour {
  const wanted = wantedTypes(format, request)
  const json = wanted.find(({ type }) => /^(?:application\/(?:json|\*)|\*\/\*|json)$/.test(type))
  if (json === undefined) throw notAcceptable('application/json')
  const metadata = json.params.get('odata.metadata') ?? json.params.get('metadata')
  return {
    metadata: metadata === 'none' ? 'none' : 'minimal',
    hasLongNumbers: json.params.get('ieee754compatible') === 'true',
  }
}

/** Whether the model is wanted as XML, which is what it is without a wish. Throws NOT_ACCEPTABLE. */
export function wantsXml(format: string | undefined, request: FastifyRequest): boolean {
  for (const { type } of wantedTypes(format, request)) {
    if (/^(?:application\/(?:xml|\*)|text\/xml|\*\/\*|xml)$/.test(type)) return true
    if (type === 'application/json' || type === 'json') return false
  }
  throw notAcceptable('application/xml, application/json')
}

/** Throws NOT_ACCEPTABLE unless plain text is accepted, or nothing is said about formats. */
export function requirePlainText(format: string | undefined, request: FastifyRequest): void {
  // Clients ask for numbers with the same header as for rows, and the standard answers text either way.
  const isAny = wantedTypes(format, request).some(({ type }) =>
    /^(?:text\/(?:plain|\*)|\*\/\*|application\/|json)/.test(type),
  )
  if (!isAny) throw notAcceptable('text/plain')
}

/** Rows of a page as `Prefer: maxpagesize=…` asks for them. Throws INVALID_PARAMETER. */
export function preferredPageRows(request: FastifyRequest): { name: string; rows: number } | undefined {
  const prefer = [request.headers.prefer ?? []].flat().join(',')
  const match = /(?:^|[,\s])((?:odata\.)?maxpagesize)\s*=\s*"?([^",;\s]*)/i.exec(prefer)
  if (match === null) return undefined
  const [, name = '', value = ''] = match
  if (/^[1-9]\d{0,14}$/.test(value)) return { name: name.toLowerCase(), rows: Number(value) }
  throw wrongOption('Prefer', value, 'maxpagesize must be a whole number of 1 or more.')
}

/** Throws INVALID_PARAMETER where the client speaks another version only. */
export function checkVersions(request: FastifyRequest): void {
  const most = request.headers['odata-maxversion']
  const spoken = request.headers['odata-version']
  if (typeof most === 'string' && Number.parseFloat(most) < 4) {
    throw wrongOption('OData-MaxVersion', most, 'this service speaks OData 4.0.')
  }
  if (typeof spoken === 'string' && !/^4\.0*1?$/.test(spoken.trim())) {
    throw wrongOption('OData-Version', spoken, 'this service speaks OData 4.0.')
  }
}

interface WantedType {
  readonly type: string
  readonly params: ReadonlyMap<string, string>
}

/** What is accepted, best first. */
function wantedTypes(format: string | undefined, request: FastifyRequest): WantedType[] {
  const types = (format ?? request.headers.accept ?? '*/*').split(',').map((part) => {
    const [type = '', ...params] = part.split(';').map((one) => one.trim().toLowerCase())
    const pairs = params.map((one): [string, string] => [
      one.split('=')[0]?.trim() ?? '',
      one.split('=')[1]?.trim() ?? '',
    ])
    return { type, params: new Map(pairs) }
  })
  const quality = ({ params }: WantedType) => Number(params.get('q') ?? 1)
  return types.filter((one) => quality(one) > 0).toSorted((a, b) => quality(b) - quality(a))
}

function notAcceptable(types: string): BarkeepError {
  return new BarkeepError('NOT_ACCEPTABLE', { message: `This is answered as ${types}.` })
}
