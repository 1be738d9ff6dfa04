import type { BinaryOperator } from './expression.js'

/** How tightly operators bind, as the table of the standard has it; all are left-associative. */
export const bindings: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  eq: 3,
  ne: 3,
  gt: 4,
  ge: 4,
  lt: 4,
  le: 4,
  add: 5,
  sub: 5,
  mul: 6,
  div: 6,
  divby: 6,
  mod: 6,
}
/** An operator between two values; a space follows it. */
export const binaryOperator = /(?:and|or|eq|ne|gt|ge|lt|le|add|sub|mul|divby|div|mod)(?=[ \t])/iy

/** Functions of the standard, and how many arguments they take. */
export const functionArities: Readonly<Record<string, readonly [number, number]>> = {
  concat: [2, 2],
  contains: [2, 2],
  endswith: [2, 2],
  indexof: [2, 2],
  length: [1, 1],
  startswith: [2, 2],
  substring: [2, 3],
  matchespattern: [2, 2],
  tolower: [1, 1],
  toupper: [1, 1],
  trim: [1, 1],
  date: [1, 1],
  day: [1, 1],
  fractionalseconds: [1, 1],
  hour: [1, 1],
  maxdatetime: [0, 0],
  mindatetime: [0, 0],
  minute: [1, 1],
  month: [1, 1],
  now: [0, 0],
  second: [1, 1],
  time: [1, 1],
  totaloffsetminutes: [1, 1],
  totalseconds: [1, 1],
  year: [1, 1],
  ceiling: [1, 1],
  floor: [1, 1],
  round: [1, 1],
  hassubset: [2, 2],
  hassubsequence: [2, 2],
  'geo.distance': [2, 2],
  'geo.intersects': [2, 2],
  'geo.length': [1, 1],
}
