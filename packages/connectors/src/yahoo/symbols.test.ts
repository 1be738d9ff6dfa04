import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instrumentOf, yahooSymbol } from './symbols.js'

describe('symbols of Yahoo', () => {
  it.each([
    ['TWSE:2330', '2330.TW', 'TAI'],
    ['TPEX:6488', '6488.TWO', 'TWO'],
    ['TWSE:^TWII', '^TWII', 'TAI'],
    ['LSE:OCDO', 'OCDO.L', 'LSE'],
    ['NASDAQ:AAPL', 'AAPL', 'NMS'],
    ['NYSE:BRK.B', 'BRK-B', 'NYQ'],
    ['ARCA:SPY', 'SPY', 'PCX'],
  ])('%s is %s, and back', (instrument, symbol, code) => {
    expect(yahooSymbol(instrument)).toBe(symbol)
    expect(instrumentOf(symbol, code)).toBe(instrument)
  })

  it('of an exchange that Barkeep does not know are no instruments', () => {
    expect(instrumentOf('BMW.DE', 'GER')).toBeUndefined()
    expect(instrumentOf('4AB0.F', 'NYQ')).toBeUndefined()
    expect(() => yahooSymbol('SIM:1001')).toThrow('no symbols of SIM')
  })

  it('go back and forth for every code of Taiwan', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(['TWSE', 'TAI'], ['TPEX', 'TWO']),
        fc.stringMatching(/^[0-9]{4,6}[A-Z]?$/),
        ([exchange = '', code = ''], symbol) =>
          instrumentOf(yahooSymbol(`${exchange}:${symbol}`), code) === `${exchange}:${symbol}`,
      ),
    )
  })
})
