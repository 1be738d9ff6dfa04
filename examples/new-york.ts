// Downloads all pages of all stocks with "New York" in their name, one page a task, within the limit of the upstream.
// World Trading Data has closed; point connectors.worldtradingdata.baseUrl at the emulator and set any token.
import { createClient } from '@barkeep/client'

const barkeep = createClient({ url: process.env.BARKEEP_URL ?? 'http://127.0.0.1:8080' })

const { id } = await barkeep.crawl({
  connector: 'worldtradingdata',
  plan: 'stock-search',
  options: { search_term: 'new york' },
  start: '2019-01-01',
  end: '2020-01-01',
})
while ((await barkeep.crawlStatus(id)).state !== 'done') await new Promise((resolve) => setTimeout(resolve, 100))

for await (const stock of barkeep.dataset('worldtradingdata_stocks').rows({ fields: ['symbol', 'name'] })) {
  console.log(stock.symbol, stock.name)
}
