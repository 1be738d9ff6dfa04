import { builtInExchanges, type Exchange, instrumentPattern, parseInstrument } from '@barkeep/core'

/** How Yahoo names an exchange of Barkeep: by the end of its symbols, and by codes in answers. */
interface Listing {
  readonly exchange: string
  readonly suffix: string
  readonly codes: readonly string[]
}

/** Symbols of the United States have no ending, whatever their exchange; answers tell it by their code. */
const listings: readonly Listing[] = [
  { exchange: 'TWSE', suffix: '.TW', codes: ['TAI'] },
  { exchange: 'TPEX', suffix: '.TWO', codes: ['TWO'] },
  { exchange: 'LSE', suffix: '.L', codes: ['LSE'] },
  { exchange: 'NASDAQ', suffix: '', codes: ['NMS', 'NGM', 'NCM'] },
  { exchange: 'NYSE', suffix: '', codes: ['NYQ'] },
  { exchange: 'ARCA', suffix: '', codes: ['PCX'] },
  { exchange: 'US', suffix: '', codes: [] },
]

const instrumentShape = new RegExp(instrumentPattern)

export const yahooExchanges: readonly string[] = listings.map(({ exchange }) => exchange)

/** `TWSE:2330` as `2330.TW`, `US:BRK.B` as `BRK-B`, `TWSE:^TWII` as `^TWII`. Throws RangeError for another exchange. */
export function yahooSymbol(instrument: string): string {
  const { exchange, symbol } = parseInstrument(instrument)
  const listing = listings.find((known) => known.exchange === exchange)
  if (listing === undefined) throw new RangeError(`Yahoo has no symbols of ${exchange} that Barkeep knows.`)
  if (symbol.startsWith('^')) return symbol
  return listing.suffix === '' ? symbol.replaceAll('.', '-') : `${symbol}${listing.suffix}`
}

/** What Yahoo calls `2330.TW` at `TAI` as `TWSE:2330`; undefined for an exchange that is not in the table. */
export function instrumentOf(symbol: string, code: string): string | undefined {
  const listing = listings.find(({ codes }) => codes.includes(code))
  if (listing === undefined) return undefined
  const { exchange, suffix } = listing
  const bare = symbol.startsWith('^') ? symbol : bareSymbol(symbol, suffix)
  const instrument = `${exchange}:${bare ?? ''}`
  return bare !== undefined && instrumentShape.test(instrument) ? instrument : undefined
}

/** Throws RangeError for an exchange that is not built in. */
export function exchangeOf(instrument: string): Exchange {
  const { exchange: code } = parseInstrument(instrument)
  const exchange = builtInExchanges.find((known) => known.code === code)
  if (exchange === undefined) throw new RangeError(`The exchange ${code} is not built in.`)
  return exchange
}

function bareSymbol(symbol: string, suffix: string): string | undefined {
  if (suffix === '') return symbol.includes('.') ? undefined : symbol.replaceAll('-', '.')
  return symbol.endsWith(suffix) ? symbol.slice(0, -suffix.length) : undefined
}
