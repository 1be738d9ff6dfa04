import type { Format } from '@barkeep/core'
import { formats } from '@barkeep/core'
import type { FastifyRequest } from 'fastify'

/** Other names of the same formats. */
const aliases: Readonly<Record<string, Format>> = {
  'text/xml': 'xml',
  'application/problem+xml': 'xml',
  'application/problem+json': 'json',
  'application/protobuf': 'protobuf',
  'application/vnd.google.protobuf': 'protobuf',
  'application/x-ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
}
const byType = new Map<string, Format>([
  ...Object.entries(aliases),
  ...Object.entries(formats).map(([name, type]): [string, Format] => [type, name as Format]), // keys of formats
])

/** The format that the Accept header likes best among the possible ones, JSON where it leaves the choice; else undefined. */
export function acceptedFormat<Possible extends Format>(
  request: FastifyRequest,
  possible: readonly Possible[],
): Possible | 'json' | undefined {
  const { accept } = request.headers
  if (accept === undefined) return 'json'
  const wishes = accept
    .split(',')
    .map((part) => {
      const [type = '', ...params] = part.split(';').map((text) => text.trim().toLowerCase())
      const weight = params.find((param) => param.startsWith('q='))?.slice('q='.length)
      return { type, weight: weight === undefined ? 1 : Number(weight) }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
  for (const { type } of wishes) {
    // A browser that is shown a page names HTML first and XML next; its reader is better served with JSON.
    if (type === '*/*' || type === 'application/*' || type === 'text/html') return 'json'
    const format = byType.get(type)
    const found = possible.find((one) => one === format)
    if (found !== undefined) return found
  }
  return undefined
}
