// More minute bars than memory holds: one table after another, each gone before the next is built.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

const volumeOf = new Map<string, number>()
for await (const table of barkeep.barBatches({ interval: '1m', columns: ['instrument', 'volume'] })) {
  const names = table.getChild('instrument').toArray()
  const volumes = table.getChild('volume').toArray()
  for (let row = 0; row < table.numRows; row++) {
    const name = names[row] ?? ''
    volumeOf.set(name, (volumeOf.get(name) ?? 0) + (volumes[row] ?? 0))
  }
}
for (const [name, shares] of volumeOf) console.log(name, shares)
