/** Kinds of literals; their text is kept as written, strings without their quotes. */
export type LiteralType =
  | 'null'
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'string'
  | 'date'
  | 'instant'
  | 'timeOfDay'
  | 'guid'
  | 'duration'
  | 'binary'
  | 'enum'
  | 'geo'

export interface Literal {
  readonly kind: 'literal'
  readonly type: LiteralType
  readonly text: string
}

export type ComparisonOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'
export type ArithmeticOperator = 'add' | 'sub' | 'mul' | 'div' | 'divby' | 'mod'
export type BinaryOperator = 'and' | 'or' | ComparisonOperator | ArithmeticOperator

/** The tree of an expression, before anything is known of the properties it names. */
export type Expression =
  | Literal
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'alias'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'unary'; readonly operator: 'not' | 'negate'; readonly operand: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] }
  /** Good OData that this service does not evaluate. */
  | { readonly kind: 'unsupported'; readonly what: string }

/** How many nodes an expression may have, items of lists included. */
export const EXPRESSION_NODES_MAX = 5_000
/** How deep an expression may be nested; `and` and `or` in a row count once. */
export const EXPRESSION_DEPTH_MAX = 100
