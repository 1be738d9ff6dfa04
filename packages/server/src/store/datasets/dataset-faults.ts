import { BarkeepError, type Dataset, type ErrorDetail } from '@barkeep/core'
import type { Store } from '../store.js'
import { isEmptySql, quotedName, valueSql } from './dataset-column-sql.js'
import { keyOf } from './dataset-moves.js'
import { rowNumber } from './datasets.js'

const FAULTS_NAMED_MAX = 100

/** Looks at all staged rows. Throws INVALID_ROWS where one breaks a rule of its dataset, naming rows and fields. */
export async function refuseFaults(store: Store, table: string, dataset: Dataset): Promise<void> {
  const rules = dataset.columns.flatMap(({ name, type, nullable }) => {
    const text = quotedName(name)
    const wrong = `NOT (${isEmptySql(type, text)}) AND ${valueSql(type, text)} IS NULL`
    const rule = [`${wrong}, ('${name}', concat('is no ${type}: ', substring(assumeNotNull(${text}), 1, 40)))`]
    if (!nullable) rule.unshift(`${isEmptySql(type, text)}, ('${name}', 'is missing')`)
    return rule
  })
  const faults = await store.rows<RowFault & { total: number }>(
    `SELECT \`#at\` AS row, \`#fault\`.1 AS field, \`#fault\`.2 AS reason, count() OVER () AS total
     FROM (SELECT ${rowNumber} AS \`#at\`, multiIf(${rules.join(', ')}, ('', '')) AS \`#fault\` FROM ${table})
     WHERE \`#fault\`.1 != '' ORDER BY \`#at\` LIMIT ${FAULTS_NAMED_MAX}`,
  )
  refuse(dataset.name, faults, faults[0]?.total ?? 0)
  const twice = await store.rows<{ '#at': number; total: number }>(
    `SELECT max(${rowNumber}) AS \`#at\`, count() OVER () AS total FROM ${table} GROUP BY ${keyOf(dataset)} HAVING count() > 1
     ORDER BY \`#at\` LIMIT ${FAULTS_NAMED_MAX}`,
  )
  const field = dataset.key.join(',')
  refuse(
    dataset.name,
    twice.map(({ '#at': row }) => ({ row, field, reason: 'has the key of an earlier row of the body' })),
    twice[0]?.total ?? 0,
  )
}

interface RowFault {
  readonly row: number
  readonly field: string
  readonly reason: string
}

function refuse(dataset: string, faults: readonly RowFault[], total: number): void {
  const [first] = faults
  if (first === undefined) return
  throw new BarkeepError('INVALID_ROWS', {
    message: `Nothing was written: row ${first.row}: ${first.field} ${first.reason}${total > 1 ? `, and ${total - 1} more` : ''}.`,
    errors: faults.map(
      ({ row, field, reason }): ErrorDetail => ({
        code: 'INVALID_ROWS',
        resource: dataset,
        field,
        index: row,
        message: `${field} ${reason}`,
      }),
    ),
  })
}
