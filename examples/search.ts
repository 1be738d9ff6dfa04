// Follows a search as its sources answer: first what the store has at once, then what upstreams find.
import { createClient, type SearchHit } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

let found: readonly SearchHit[] = []
for await (const { version, hits, remains } of barkeep.search('sim', { sources: ['instruments'] })) {
  console.log(version, hits.length, remains.join() || 'all have answered')
  found = hits
}
for (const { id, names, score } of found) console.log(id, names.join(' / '), score)
