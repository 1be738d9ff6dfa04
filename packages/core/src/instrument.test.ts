import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instrumentPattern, parseInstrument } from './instrument.js'

function refused(text: string): boolean {
  try {
    parseInstrument(text)
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', errors: [{ parameter: 'instrument' }] })
    return true
  }
}

describe('the shape of an instrument', () => {
  test.each([
    ['TWSE:2330', 'TWSE', '2330'],
    ['TWSE:00631L', 'TWSE', '00631L'],
    ['US:BRK.B', 'US', 'BRK.B'],
    ['US:^GSPC', 'US', '^GSPC'],
    ['NYSE:BRK-B', 'NYSE', 'BRK-B'],
    ['SIM:a', 'SIM', 'a'],
  ])('%s is an exchange and a symbol', (text, exchange, symbol) => {
    expect(parseInstrument(text)).toEqual({ exchange, symbol })
  })

  test.each([
    '2330',
    'TWSE:',
    ':2330',
    'twse:2330',
    'TWSE:2330,TWSE:2409',
    'TWSE: 2330',
    'TWSE:2330 ',
    'TWSE:2330\n',
    'TWSE:台積電',
    'T:2330',
    `TWSE:${'1'.repeat(33)}`,
    "TWSE:2330'",
    'TWSE:../x',
    '',
  ])('%j is refused', (text) => {
    expect(refused(text)).toBe(true)
  })

  test('the refusal names the parameter, the value and the right shape', () => {
    expect(() => parseInstrument('tsmc', 'instruments')).toThrow(
      "instruments: 'tsmc' is not an instrument. Write EXCHANGE:SYMBOL, such as TWSE:2330.",
    )
  })

  test('law: the published pattern accepts exactly what is read', () => {
    const pattern = new RegExp(instrumentPattern)
    const near = fc.string({ unit: fc.constantFrom(...'AZaz09:.^=_/- ,\n台'), maxLength: 20 })
    const sound = fc.stringMatching(pattern)
    fc.assert(
      fc.property(fc.oneof(near, sound, fc.string()), (text) => {
        expect(refused(text)).toBe(!pattern.test(text))
      }),
    )
  })

  test('law: joining the parts gives the text back', () => {
    fc.assert(
      fc.property(fc.stringMatching(new RegExp(instrumentPattern)), (text) => {
        const { exchange, symbol } = parseInstrument(text)
        expect(`${exchange}:${symbol}`).toBe(text)
      }),
    )
  })
})
