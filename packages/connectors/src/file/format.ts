import type { KeptInterval } from '@barkeep/core'

/**
 * How a stamp is written.
 * `iso` `2026-11-20` or an instant with an offset; `iso-local` the same in the wall clock of the exchange, without one;
 * `compact` `20261120[ HH:MM]` in that wall clock; `roc` the same with a year of the Republic of China, `93/02/11[ HH:MM]`, `1151120`;
 * `ymd` `2026/1/5`, `2026-01-05` or `20260105`, `mdy` `1/5/2026`, `dmy` `5/1/2026`, each with ` 9:01`, ` 09:01:00` or ` 901` after it, in that wall clock;
 * `epoch-s`, `epoch-ms` since 1970 UTC; `ms-of-day` since midnight at the exchange, the date being in the path.
 */
export const dateStyles = [
  'iso',
  'iso-local',
  'compact',
  'roc',
  'ymd',
  'mdy',
  'dmy',
  'epoch-s',
  'epoch-ms',
  'ms-of-day',
] as const
export type DateStyle = (typeof dateStyles)[number]

/** What a column can mean. `time`, where there is one, is appended to `ts`; `symbol` lacks the exchange that `instrument` has. */
export const formatColumns = [
  'instrument',
  'symbol',
  'ts',
  'time',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'turnover',
  'trades',
] as const
export type FormatColumn = (typeof formatColumns)[number]

/** `by-extension` takes `.parquet`, `.ndjson` and `.jsonl` as such, all else as CSV. */
export const formatKinds = ['csv', 'ndjson', 'parquet', 'by-extension'] as const
export type FormatKind = (typeof formatKinds)[number]

/** Fields that who reads a file may tell in place of its format, because files of one origin differ in them. */
export const toldFields = ['dateStyle', 'timeZone', 'label', 'volumeUnit'] as const
export type ToldField = (typeof toldFields)[number]

export const labels = ['left', 'right', 'likely-right'] as const
export type Label = (typeof labels)[number]

/** How the files of one origin are laid out. Plain data, so that a user declares one in a configuration file. */
export interface FileFormat {
  readonly id: string
  readonly title: string
  readonly kind: FormatKind
  /**
   * What the end of a path tells, first match first: `{symbol}`, `{exchange}`, `{interval}` (minute, hour, daily, 1m…),
   * `{date}` (YYYYMMDD), `*` for anything within one name. A final `.gz` is ignored; a `.zip` is opened.
   */
  readonly path: readonly string[]
  /** CSV only: whether the first line names the columns, as it does unless told otherwise. */
  readonly header?: boolean
  /**
   * A list: the columns in their order, or where the source names them their names; names that mean nothing here are
   * skipped. A record: meaning → name in the source, or a list of names for CSV, of which the first that is there counts;
   * in a list for `volume`, `Up+Down` is the sum of two columns.
   */
  readonly columns: readonly string[] | Readonly<Partial<Record<FormatColumn, string | readonly string[]>>>
  /** CSV with a header that may be left out: the columns in their order, as in a list above, where it is. */
  readonly order?: readonly string[]
  /** One character, or several, of which the one counts that the first line has most often; a comma unless told otherwise. */
  readonly delimiter?: string | readonly string[]
  /** A label of the Encoding Standard, such as `big5`; UTF-8 unless told otherwise. */
  readonly encoding?: string
  /** IANA zone of wall clocks, such as `Asia/Tokyo`; that of the exchange unless told otherwise. */
  readonly timeZone?: string
  readonly dateStyle: DateStyle | Readonly<Partial<Record<KeptInterval, DateStyle>>>
  /** Where neither the path nor the caller tells it. */
  readonly interval?: KeptInterval
  /** Code of the exchange, where neither the path, the row nor the caller tells it. */
  readonly exchange?: string
  /** Endings of symbols that name an exchange and are cut off: `.TW` → `TWSE`. With them, any other dotted ending is refused. */
  readonly suffixes?: Readonly<Record<string, string>>
  readonly symbolCase?: 'upper'
  /** Divides prices, which are then rounded to 4 decimals. */
  readonly priceScale?: number
  /** Rounds prices to so many significant digits: 7 undoes a float32 that was widened. */
  readonly priceDigits?: number
  /**
   * Whether a stamp is the start (left) or the end (right) of its bar; left unless told otherwise. `likely-right` is the end, but
   * refuses one at which a session opens, since that would be a start: then whoever reads must say which.
   */
  readonly label?: Label
  /** Bars stand on clock hours, and one that begins before the session opens begins with the session. */
  readonly clampToSession?: boolean
  /** Shares in one unit of volume: 1,000 where volume is in lots; 1 unless told otherwise. */
  readonly volumeUnit?: number
  /** What no file of this origin tells: whoever reads one must say it. */
  readonly ask?: readonly ToldField[]
  /** What stands in place of a price that does not exist. An empty field always does. */
  readonly noTrade?: readonly string[]
}
