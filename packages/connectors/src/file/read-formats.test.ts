import { describe, expect, it } from 'vitest'
import { readFormats, shippedFormats } from './index.js'

const where = 'barkeep.config.json: formats'
const declaration = {
  title: 'A format of a test',
  kind: 'csv',
  path: ['{symbol}.csv'],
  header: true,
  columns: { ts: 'Day', open: 'O', high: 'H', low: 'L', close: 'C', volume: 'V' },
  dateStyle: 'iso',
}
const { dateStyle: _, ...undated } = declaration

describe('formats of a configuration', () => {
  it('follow those that are shipped, from an object by id or from a list', () => {
    const own = { ...declaration, id: 'own' }
    expect(readFormats(undefined, where)).toEqual(shippedFormats)
    expect(readFormats({ own: declaration }, where)).toEqual([...shippedFormats, own])
    expect(readFormats([own], where)).toEqual([...shippedFormats, own])
  })

  it('may say all that the shipped ones say', () => {
    const renamed = shippedFormats.map((format) => ({ ...format, id: `my-${format.id}` }))
    expect(readFormats(JSON.parse(JSON.stringify(renamed)), where).slice(shippedFormats.length)).toEqual(renamed)
  })

  it.each<[string, unknown, string]>([
    ['neither list nor object', 'generic', 'formats: it must be a list of formats, or an object of them by id.'],
    ['no object', { own: 5 }, 'formats.own: 5 is not an object that declares a format.'],
    ['a shipped id', { lean: declaration }, "formats.lean: 'lean' is a format that Barkeep ships. Choose another id."],
    [
      'an id twice',
      [
        { ...declaration, id: 'a' },
        { ...declaration, id: 'a' },
      ],
      "formats[1]: 'a' is declared twice. Choose another id for one of them.",
    ],
    [
      'two ids at once',
      { a: { ...declaration, id: 'b' } },
      "formats.a: its id is 'b', but it stands under 'a'. Leave the id out, or write it the same.",
    ],
    ['no id', [declaration], 'formats[0]: id is missing: give it a name of small letters, digits and dashes.'],
    [
      'an id with spaces',
      { 'My own': declaration },
      'formats.My own.id: "My own" is not a name of small letters, digits and dashes.',
    ],
    [
      'a field that is missing',
      { own: undated },
      'formats.own: dateStyle is missing: give it one of iso, iso-local, compact',
    ],
    [
      'a misspelt field',
      { own: { ...declaration, delimeter: ';' } },
      "formats.own.delimeter: there is no such field. Did you mean 'delimiter'?",
    ],
    [
      'a misspelt style',
      { own: { ...declaration, dateStyle: 'isoo' } },
      'formats.own.dateStyle: "isoo" is not one of iso, iso-local',
    ],
    [
      'a misspelt style of one interval',
      { own: { ...declaration, dateStyle: { '1m': 'isoo' } } },
      'formats.own.dateStyle.1m: "isoo" is not one of iso',
    ],
    [
      'an interval that is not kept',
      { own: { ...declaration, interval: '5m' } },
      'formats.own.interval: "5m" is not one of 1m, 1h, 1d.',
    ],
    [
      'a column that means nothing',
      { own: { ...declaration, columns: { ...declaration.columns, adj: 'Adj' } } },
      'formats.own.columns: "adj" is not a key of instrument, symbol, ts, time',
    ],
    [
      'columns that are no texts',
      { own: { ...declaration, columns: ['ts', 5] } },
      'formats.own.columns[1]: 5 is not a text.',
    ],
    [
      'columns that lack one',
      { own: { ...declaration, columns: ['ts', 'open', 'high', 'low', 'close'] } },
      'formats.own.columns: it lacks volume.',
    ],
    [
      'names of columns without a header',
      { own: { ...declaration, header: false } },
      'formats.own.columns: it must be a list in the order of the file, since header is false.',
    ],
    [
      'a path that is no list',
      { own: { ...declaration, path: '{symbol}.csv' } },
      'formats.own.path: "{symbol}.csv" is not a list, each of it a text.',
    ],
    [
      'a misspelt part of a path',
      { own: { ...declaration, path: ['{symbol}/{sybmol}.csv'] } },
      'formats.own.path[0]: {sybmol} is not {symbol}, {exchange}, {interval} or {date}.',
    ],
    [
      'nothing that tells the symbol',
      { own: { ...declaration, path: ['*.csv'] } },
      'formats.own: nothing tells the symbol: put {symbol} into path, or instrument or symbol into columns.',
    ],
    [
      'two characters between columns',
      { own: { ...declaration, delimiter: '::' } },
      'formats.own.delimiter: "::" is not one character other than a quote.',
    ],
    [
      'an unknown encoding',
      { own: { ...declaration, encoding: 'big6' } },
      'formats.own.encoding: "big6" is not an encoding such as utf-8, big5 or utf-16le.',
    ],
    [
      'an unknown zone',
      { own: { ...declaration, timeZone: 'Asia/Taibei' } },
      'formats.own.timeZone: "Asia/Taibei" is not an IANA time zone such as Asia/Taipei.',
    ],
    [
      'an exchange in small letters',
      { own: { ...declaration, exchange: 'twse' } },
      'formats.own.exchange: "twse" is not a code of an exchange, such as TWSE.',
    ],
    [
      'an ending in small letters',
      { own: { ...declaration, suffixes: { '.tw': 'TWSE' } } },
      'formats.own.suffixes: ".tw" is not a key like .TW.',
    ],
    [
      'a price scale of zero',
      { own: { ...declaration, priceScale: 0 } },
      'formats.own.priceScale: 0 is not a number above zero.',
    ],
    [
      'digits that are too many',
      { own: { ...declaration, priceDigits: 18 } },
      'formats.own.priceDigits: 18 is not a whole number from 1 to 17.',
    ],
    [
      'a volume unit in words',
      { own: { ...declaration, volumeUnit: 'lots' } },
      'formats.own.volumeUnit: "lots" is not a number above zero.',
    ],
    [
      'a side that is none',
      { own: { ...declaration, label: 'end' } },
      'formats.own.label: "end" is not one of left, right, likely-right.',
    ],
    [
      'several names in NDJSON',
      { own: { ...declaration, kind: 'ndjson', columns: { ...declaration.columns, volume: ['V', 'Vol'] } } },
      'formats.own.columns.volume: it has several names, which kind csv alone may have.',
    ],
    [
      'no name at all',
      { own: { ...declaration, columns: { ...declaration.columns, volume: [] } } },
      'formats.own.columns.volume: [] is not a text, or a list of texts.',
    ],
    [
      'an order that lacks a column',
      { own: { ...declaration, order: ['ts', 'open', 'high', 'low', 'close'] } },
      'formats.own.order: it lacks volume.',
    ],
    [
      'an order where there never is a header',
      {
        own: {
          ...declaration,
          header: false,
          columns: ['ts', 'open', 'high', 'low', 'close', 'volume'],
          order: ['ts'],
        },
      },
      'formats.own.order: only a csv whose header is not false has one.',
    ],
    ['no delimiter of several', { own: { ...declaration, delimiter: [] } }, 'formats.own.delimiter: it names none.'],
    [
      'a quote among delimiters',
      { own: { ...declaration, delimiter: [',', '"'] } },
      'formats.own.delimiter[1]: "\\"" is not one character other than a quote.',
    ],
    [
      'asking for what nobody can tell',
      { own: { ...declaration, ask: ['columns'] } },
      'formats.own.ask[0]: "columns" is not one of dateStyle, timeZone, label, volumeUnit.',
    ],
    ['a mark that is no text', { own: { ...declaration, noTrade: [0] } }, 'formats.own.noTrade[0]: 0 is not a text.'],
  ])('with %s are refused', (what, formats, message) => {
    expect(() => readFormats(formats, where), what).toThrow(
      expect.objectContaining({
        code: 'INVALID_SETTING',
        message: expect.stringContaining(`barkeep.config.json: ${message}`),
      }),
    )
  })
})
