import type { Params } from '../store.js'

/** A query with the values of its placeholders. */
export interface BoundSql {
  readonly sql: string
  readonly params: Params
}

/** Which coverage is asked for; what is absent does not matter. */
export interface CoverageRead {
  /** One instrument or exchange. An exchange stands for its instruments as well. */
  readonly scope?: string
  readonly of?: string
  /** Session dates, half-open: what overlaps them. */
  readonly start?: string
  readonly end?: string
  readonly after?: CoveragePosition
  readonly limit?: number
}

/** What tells a row of coverage from all others, in the order of the rows. */
export type CoveragePosition = readonly [of: string, scope: string, start: string, end: string, connector: string]

export const coverageColumns = ['scope', 'of', 'start', 'end', 'connector', 'outcome', 'known_at'] as const

const key = '(of, scope, start, end, connector)'

/** What was asked of upstreams and what came back, in the order of the table. */
export function coverageQuery(read: CoverageRead): BoundSql {
  return pageQuery(
    read,
    `scope, of, toString(start) AS start, toString(end) AS end, connector, outcome, known_at`,
    read.limit,
  )
}

/** The last row of a page of `limit`, and the row after it if there is one. */
export function coverageBoundaryQuery(read: CoverageRead, limit: number): BoundSql {
  const { sql, params } = pageQuery(
    read,
    'of, scope, toString(start) AS start, toString(end) AS end, connector',
    2,
    limit - 1,
  )
  return { sql, params }
}

function pageQuery(read: CoverageRead, select: string, limit?: number, offset = 0): BoundSql {
  const { scope, of, start, end, after } = read
  const conditions = ['1']
  const params: Record<string, string> = {}
  const add = (condition: string, values: Record<string, string>) => {
    conditions.push(condition)
    Object.assign(params, values)
  }
  if (scope !== undefined) {
    add("(scope = {scope:String} OR startsWith(scope, concat({scope:String}, ':')))", { scope })
  }
  if (of !== undefined) add('of = {of:String}', { of })
  if (start !== undefined) add('c.end > {start:Date32}', { start })
  if (end !== undefined) add('c.start < {end:Date32}', { end })
  if (after !== undefined) {
    const [afterOf, afterScope, afterStart, afterEnd, afterConnector] = after
    add(
      '(c.of, c.scope, c.start, c.end, c.connector) > ({afterOf:String}, {afterScope:String}, {afterStart:Date32}, {afterEnd:Date32}, {afterConnector:String})',
      { afterOf, afterScope, afterStart, afterEnd, afterConnector },
    )
  }
  const ordered = key.replaceAll(/\w+/g, (name) => `c.${name}`)
  let sql = `SELECT ${select} FROM coverage AS c FINAL WHERE ${conditions.join(' AND ')} ORDER BY ${ordered}`
  if (limit !== undefined) sql += ` LIMIT ${limit}`
  if (offset > 0) sql += ` OFFSET ${offset}`
  return { sql, params }
}
