import { type Instrument, instrumentPattern } from '@barkeep/core'

/** What a row of the exchange is about. */
export interface Contract {
  /** `TAIFEX:TX202408`, `TAIFEX:TX202408W1`, `TAIFEX:TXO202408C22000`; a spread is `TAIFEX:TX202408/202409`. */
  readonly instrument: string
  readonly name: string
  /** A spread has a difference for a price, which can be zero or less, so there are no bars of it. */
  readonly kind: 'future' | 'option' | 'spread'
}

const productShape = /^[A-Z0-9]{2,4}$/
/** A month, or one of its weeks: `202408`, `202408W1`. */
const monthShape = /^\d{6}(?:[A-Z]\d)?$/
const instrumentShape = new RegExp(instrumentPattern)
const rights: Readonly<Record<string, 'C' | 'P'>> = { 買權: 'C', 賣權: 'P' }

/**
 * The contract of a product code and a month, and of an option its strike and right as the page writes them; undefined for
 * what cannot be read. The exchange's own short codes say the year with one digit, so that they repeat; these do not.
 */
export function contractOf(
  product: string,
  month: string,
  option?: { readonly strike: string; readonly right: string },
): Contract | undefined {
  const months = month.split('/')
  const isKnown = productShape.test(product) && months.length <= 2 && months.every((one) => monthShape.test(one))
  if (!isKnown) return undefined
  if (option === undefined) {
    return shaped(`${product}${month}`, `${product} ${month}`, months.length === 2 ? 'spread' : 'future')
  }
  const right = rights[option.right]
  const strike = Number(option.strike)
  if (right === undefined || months.length !== 1 || option.strike === '' || !(strike > 0)) return undefined
  const name = `${product} ${month} ${right === 'C' ? 'call' : 'put'} ${strike}`
  return shaped(`${product}${month}${right}${strike}`, name, 'option')
}

/** A contract that has bars, as the store keeps instruments. Its last day is not told by a page of prices. */
export function instrumentOf({ instrument, name, kind }: Contract): Instrument {
  const symbol = instrument.slice(instrument.indexOf(':') + 1)
  const known = kind === 'option' ? 'option' : 'future'
  return { instrument, exchange: 'TAIFEX', symbol, name, kind: known, isin: null, listed: null, delisted: null }
}

function shaped(symbol: string, name: string, kind: Contract['kind']): Contract | undefined {
  const instrument = `TAIFEX:${symbol}`
  return instrumentShape.test(instrument) ? { instrument, name, kind } : undefined
}
