import { instrumentPattern, parseInstrument } from '@barkeep/core'

/** Short names of exchanges in its answers → Barkeep's codes. Its symbols of the United States are plain. */
const exchanges: Readonly<Record<string, string>> = {
  NYSE: 'NYSE',
  NASDAQ: 'NASDAQ',
  NYSEARCA: 'ARCA',
}

/** Exchanges whose instruments can be asked for by their plain symbol. */
export const plainExchanges: readonly string[] = [...Object.values(exchanges), 'US']

const instrumentShape = new RegExp(instrumentPattern)

/** Barkeep's name of a security; undefined for an exchange that is not in the table. */
export function instrumentOf(symbol: string, exchange: string): string | undefined {
  const code = exchanges[exchange]
  const instrument = `${code}:${symbol}`
  return code !== undefined && instrumentShape.test(instrument) ? instrument : undefined
}

/** The symbol to ask for. */
export function symbolOf(instrument: string): string {
  return parseInstrument(instrument).symbol
}
