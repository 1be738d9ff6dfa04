import type { Literal, LiteralType } from './expression.js'
import type { Scanner } from './scanner.js'

const year = '-?(?:0\\d{3}|[1-9]\\d{3,})'
const date = `${year}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])`
const hour = '(?:[01]\\d|2[0-3])'
const seconds = '(?::(?:[0-5]\\d|60)(?:\\.\\d{1,12})?)?'
/** No literal goes on in a name, a number or a further part of a date. */
const end = "(?![\\p{L}\\p{N}_.'])"

/** Patterns of literals that are told by their shape, the longest first. */
const shapes: readonly (readonly [LiteralType, RegExp])[] = [
  ['null', new RegExp(`null${end}`, 'uy')],
  ['boolean', new RegExp(`(?:true|false)${end}`, 'iuy')],
  ['guid', new RegExp(`[\\da-f]{8}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{12}${end}`, 'iuy')],
  ['instant', new RegExp(`${date}T${hour}:[0-5]\\d${seconds}(?:Z|[+-]${hour}:[0-5]\\d)${end}`, 'iuy')],
  ['date', new RegExp(`${date}(?![-T\\d])${end}`, 'uy')],
  ['timeOfDay', new RegExp(`${hour}:[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,12})?)?${end}`, 'uy')],
  ['decimal', new RegExp(`(?:NaN|-?INF)${end}`, 'uy')],
  ['decimal', new RegExp(`[+-]?\\d+(?:\\.\\d+(?:e[+-]?\\d+)?|e[+-]?\\d+)${end}`, 'iuy')],
  ['integer', new RegExp(`[+-]?\\d+${end}`, 'uy')],
  ['string', /'(?:[^']|'')*'(?!')/uy],
  ['duration', /duration'-?P(?=.*\d)(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?'/iuy],
  ['binary', /binary'(?:[\w-]{4})*(?:[\w-]{3}=?|[\w-]{2}(?:==)?)?'/iuy],
  ['geo', /geo(?:graphy|metry)'SRID=\d{1,5};[^']*'/iuy],
  ['enum', /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)+'[^']+'/uy],
]

/** A primitive literal, if one stands here. */
export function parseLiteral(scanner: Scanner): Literal | undefined {
  for (const [type, shape] of shapes) {
    const text = scanner.take(shape)
    if (text === undefined) continue
    if (type === 'string') return { kind: 'literal', type, text: text.slice(1, -1).replaceAll("''", "'") }
    return { kind: 'literal', type, text: type === 'boolean' ? text.toLowerCase() : text }
  }
  return undefined
}
