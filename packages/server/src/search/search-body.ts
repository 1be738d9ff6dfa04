import type { SearchError, SearchHead } from '@barkeep/core'
import type { ChangesJson } from './change-log.js'

/**
 * The shapes a search is told in: `hits` as Unitrad tells it, `books` with the very names of CALIL's clients, `envelope`
 * as every other route answers, `event` for a stream of server-sent events.
 */
export type BodyShape = 'hits' | 'books' | 'envelope' | 'event'

/** Marks a search that its client wants told with the names of CALIL's clients: it is part of what they send back. */
export const booksMark = '.books'

const comma = Buffer.from(',')

/** What changed after `from`, up to the version of the head; `from` 0 is all there is, told as such. */
export function searchBody(shape: BodyShape, head: SearchHead, from: number, changes: ChangesJson): Buffer {
  const hits: readonly Buffer[] =
    from === 0 ? list(changes.insert) : [Buffer.from('{"insert":'), ...list(changes.insert), update(changes)]
  const name = `${shape === 'books' ? 'books' : 'hits'}${from === 0 ? '' : '_diff'}`
  const told = JSON.stringify({ ...(shape === 'books' ? asBooks(head) : head), ...(from > 0 && { from }) })
  const body: readonly Buffer[] = [Buffer.from(`${told.slice(0, -1)},"${name}":`), ...hits, Buffer.from('}')]
  return Buffer.concat(framed(shape, head, from, body))
}

/** Where the increment from one version to another is found, for ever the same. */
export function changesUrl({ uuid, epoch }: SearchHead, since: number, until?: number): string {
  return `/v1/searches/${uuid}/changes?epoch=${epoch}&since=${since}${until === undefined ? '' : `&until=${until}`}`
}

function framed(shape: BodyShape, head: SearchHead, from: number, body: readonly Buffer[]): readonly Buffer[] {
  const { uuid, version, running } = head
  if (shape === 'event') {
    const name = from === 0 ? 'state' : 'increment'
    return [Buffer.from(`id: ${head.epoch}.${version}\nevent: ${name}\ndata: `), ...body, Buffer.from('\n\n')]
  }
  if (shape !== 'envelope') return body
  const snapshot = `/v1/searches/${uuid}`
  const params = from === 0 ? { id: uuid } : { id: uuid, since: from, until: version }
  const links = {
    self: from === 0 ? snapshot : changesUrl(head, from, version),
    ...(running && { next: changesUrl(head, version) }),
    snapshot,
  }
  return [
    Buffer.from(`{"request":${JSON.stringify({ params })},"data":`),
    ...body,
    Buffer.from(`,"links":${JSON.stringify(links)}}`),
  ]
}

function list(records: readonly Buffer[]): Buffer[] {
  const parts: Buffer[] = [Buffer.from('[')]
  for (const [index, record] of records.entries()) {
    if (index > 0) parts.push(comma)
    parts.push(record)
  }
  parts.push(Buffer.from(']'))
  return parts
}

function update(changes: ChangesJson): Buffer {
  return Buffer.concat([Buffer.from(',"update":'), changes.update, Buffer.from('}')])
}

/** Errors are names of sources there. */
function asBooks(head: SearchHead): object {
  return {
    ...head,
    uuid: head.uuid + booksMark,
    errors: [...new Set(head.errors.map(({ source }: SearchError) => source))],
  }
}
