import { BarkeepError, shorten } from './errors.js'

export const instrumentKinds = [
  'stock',
  'etf',
  'index',
  'future',
  'option',
  'warrant',
  'bond',
  'currency',
  'other',
] as const
export type InstrumentKind = (typeof instrumentKinds)[number]

/** Something that trades on an exchange. The store numbers instruments from 0 in the order they came. */
export interface Instrument {
  /** `TWSE:2330`, what the wire calls an instrument. */
  readonly instrument: string
  readonly exchange: string
  readonly symbol: string
  readonly name: string
  readonly kind: InstrumentKind
  readonly isin: string | null
  /** Session dates `YYYY-MM-DD`; null when not known, `delisted` also while it still trades. */
  readonly listed: string | null
  readonly delisted: string | null
}

/** The shape of `TWSE:2330`. Symbols keep the case of their exchange; blanks, commas and control signs are refused. */
export const instrumentPattern = '^[A-Z][A-Z0-9]{1,11}:[A-Za-z0-9^][A-Za-z0-9.^=_/-]{0,31}$'
const instrumentShape = /^([A-Z][A-Z0-9]{1,11}):([A-Za-z0-9^][A-Za-z0-9.^=_/-]{0,31})$/

/** Splits `TWSE:2330`. Throws INVALID_PARAMETER when the text has another shape. */
export function parseInstrument(text: string, parameter = 'instrument'): { exchange: string; symbol: string } {
  const match = instrumentShape.exec(text)
  if (match === null) {
    const message = `'${shorten(text)}' is not an instrument. Write EXCHANGE:SYMBOL, such as TWSE:2330.`
    throw new BarkeepError('INVALID_PARAMETER', {
      message: `${parameter}: ${message}`,
      errors: [{ code: 'INVALID_PARAMETER', parameter, value: shorten(text), message }],
    })
  }
  return { exchange: match[1] ?? '', symbol: match[2] ?? '' }
}
