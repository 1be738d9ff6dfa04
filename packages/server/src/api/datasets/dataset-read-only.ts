import { BarkeepError } from '@barkeep/core'
import type { Api, ApiContext } from '../context.js'

/** Refuses writes to datasets that only show what the store keeps, and says where it is written. Throws METHOD_NOT_ALLOWED. */
export function refuseReadOnly(app: Api, { sources }: ApiContext): void {
  app.addHook('preValidation', async ({ method, params, routeOptions: { url = '' } }, reply) => {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return
    const { name, dataset } = params as Readonly<Record<string, string>> // of any route, its parts by name
    // The plain API stands where api.plainPaths says, and its routes alone have a part called dataset.
    const wanted = url.startsWith('/v1/datasets/') ? name : dataset
    const writtenBy = wanted === undefined ? undefined : sources.writtenBy(wanted)
    if (writtenBy === undefined) return
    reply.header('allow', 'GET, HEAD')
    throw new BarkeepError('METHOD_NOT_ALLOWED', {
      message: `${wanted} shows what the server keeps, so it is only read here. ${writtenBy} writes it; a dataset of yours needs another name.`,
    })
  })
}
