import type { ArithmeticOperator } from './expression.js'
import type { Value } from './literal-sql.js'

/** Whole numbers are computed with 128 bits; what does not fit into 64 then is null, and so is a division by zero. */
export function wholeResult(sql: string): Value {
  return { sql: `accurateCastOrNull(${sql}, 'Int64')`, type: 'Edm.Int64', nullable: true }
}

/** The sum, product … of two whole numbers of 128 bits. */
export function wholeSql(operator: Exclude<ArithmeticOperator, 'divby'>, left: string, right: string): string {
  switch (operator) {
    case 'add':
      return `${left} + ${right}`
    case 'sub':
      return `${left} - ${right}`
    case 'mul':
      return `${left} * ${right}`
    case 'div':
      return `intDiv(${left}, nullIf(${right}, 0))`
    case 'mod':
      return `${left} % nullIf(${right}, 0)`
  }
}
