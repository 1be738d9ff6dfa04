// Lists ask for a page only when its rows are needed. Needs the dataset `birds`; prints every request that was made.
import { createClient } from '@barkeep/client'

const barkeep = createClient({
  url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080',
  fetch: (input, init) => {
    console.log(decodeURIComponent(String(input)))
    return fetch(input, init)
  },
})
const birds = barkeep.dataset<{ BirdNo: string; CommonName: string }>('birds')

let rows = 0
for await (const { BirdNo } of birds.rows({ limit: 5 })) {
  rows += 1
  if (BirdNo === '40250') break
}
console.log(`found as number ${rows}`)

const seen = birds.rows({ where: { Location: '玉山排雲山莊' }, limit: 5 })
for (const { BirdNo, CommonName } of await seen.toArray({ limit: 7 })) console.log(BirdNo, CommonName)
