// Minute bars of all instruments as typed columns: no row objects, so millions of rows load in a second or so.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

const table = await barkeep.loadBars({
  interval: '1m',
  start: '2026-11-16',
  end: '2026-11-21',
  columns: ['instrument', 'ts', 'close', 'volume'],
})
const closes = table.getChild('close').toArray()
const volumes = table.getChild('volume').toArray()
let turnover = 0
for (let row = 0; row < table.numRows; row++) turnover += (closes[row] ?? 0) * (volumes[row] ?? 0)

console.log(`${table.numRows} bars of ${new Set(table.getChild('instrument')).size} instruments`)
console.log(`last: ${table.getChild('instrument').at(table.numRows - 1)}`)
console.log(`turnover at closing prices: ${Math.round(turnover)}`)
