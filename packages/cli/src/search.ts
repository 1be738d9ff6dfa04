import type { SearchHit } from '@barkeep/client'
import { withClient } from './serve.js'
import type { Flags } from './setting-flags.js'

/** Prints each hit as it comes, and each again that a later source knows more of; then what sources failed, on stderr. */
export function printSearch(query: string, { sources }: Flags, flags: Flags): Promise<void> {
  return withClient(flags, async (client) => {
    let printed: readonly SearchHit[] = []
    for await (const state of client.search(query, sources === undefined ? {} : { sources: sources.split(',') })) {
      const { hits, remains, errors, running } = state
      // Hits that did not change are the same objects as before.
      for (const [index, hit] of hits.entries()) if (hit !== printed[index]) console.log(lineOf(hit))
      printed = hits
      if (running) console.error(`… ${remains.join(', ')}`)
      else for (const { source, code, message } of errors) console.error(`${source}: ${code}: ${message}`)
    }
    console.error(`${printed.length} hits.`)
  })
}

function lineOf({ id, kind, names, isin, sources }: SearchHit): string {
  return [id, kind, names.join(' / '), isin ?? '', sources.join(',')].join('\t')
}
