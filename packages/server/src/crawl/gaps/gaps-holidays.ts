import { type Exchange, minuteOfDay } from '@barkeep/core'
import { quotedName } from '../../store/datasets/dataset-column-sql.js'
import { type Datasets, type StoredDataset, tableOf } from '../../store/datasets/datasets.js'

/** What a schedule says in advance; a typhoon is in none. */
export interface HolidaySchedule {
  /** Dates that it lists, and whether they have a session. */
  readonly open: ReadonlyMap<string, boolean>
  /** Minutes since midnight at which half days close. */
  readonly closes: ReadonlyMap<string, number>
  /** Years that it lists anything of: their other weekdays are open. */
  readonly years: ReadonlySet<string>
}

/**
 * The schedule of an exchange is the dataset `<code>_holidays`, code in small letters: `date`, whether it is `open`, and
 * optionally `close`, `HH:MM` at the exchange, for half days. A connector brings it, or a person imports it.
 */
export async function readHolidaySchedule(
  store: { rows<Row>(sql: string): Promise<Row[]> },
  datasets: Datasets,
  exchange: Exchange,
): Promise<HolidaySchedule> {
  const dataset = datasets.find(`${exchange.code.toLowerCase()}_holidays`)
  if (dataset === undefined || !has(dataset, 'date', 'date') || !has(dataset, 'open', 'boolean')) {
    return { open: new Map(), closes: new Map(), years: new Set() }
  }
  const close = has(dataset, 'close', 'string') ? quotedName('close') : 'NULL'
  const rows = await store.rows<{ date: string; open: boolean; close: string | null }>(
    `SELECT toString(${quotedName('date')}) AS date, ${quotedName('open')} AS open, ${close} AS close FROM ${tableOf(dataset)} FINAL`,
  )
  return {
    open: new Map(rows.map(({ date, open }) => [date, open])),
    closes: new Map(
      rows.flatMap(({ date, open, close: at }) =>
        open && at !== null && /^\d{2}:\d{2}$/.test(at) ? [[date, minuteOfDay(at)]] : [],
      ),
    ),
    years: new Set(rows.map(({ date }) => date.slice(0, 4))),
  }
}

function has({ columns }: StoredDataset, name: string, type: string): boolean {
  return columns.some((column) => column.name === name && column.type === type)
}
