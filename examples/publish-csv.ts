// Bars of your own, from CSV. All are kept or none; the same bars again replace the first.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

const csv = `instrument,ts,open,high,low,close,volume,turnover,trades
SIM:mine,2026-11-19T01:00:00Z,100,103,99,102,5000,507000,12
SIM:mine,2026-11-20T01:00:00Z,102,102.5,101,101.5,3000,305000,9
`
const report = await barkeep.createBars('1d', csv, { contentType: 'text/csv', source: 'example' })
console.log(`${report.rows} bars kept, ${report.replaced} of them replaced`)

for (const { ts, close } of await barkeep.bars(['SIM:mine'], { interval: '1d' })) console.log(ts, close)
