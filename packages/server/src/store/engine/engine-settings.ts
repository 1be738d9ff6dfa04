/**
 * How the engine writes and reads, wherever it runs: instants as ISO text in UTC, Arrow without compression,
 * numbers bare, a field that nobody declared is an error.
 */
export const engineSettings = {
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
  output_format_arrow_compression_method: 'none',
  // Every reader has Snappy; Zstandard is missing in many, also in the Node that imports what was exported here.
  output_format_parquet_compression_method: 'snappy',
  output_format_json_quote_64bit_integers: 0,
  input_format_skip_unknown_fields: 0,
  format_csv_null_representation: '',
  do_not_merge_across_partitions_select_final: 1,
  // Else what is read in the order of the key comes in blocks of 8,192 rows, and each costs a message.
  preferred_block_size_bytes: '8388608',
} as const

/** How a body is inserted: in its own order by one thread, so that rows can be numbered as they stand in it, or fast. */
export function bodyInsertSettings(isOrdered: boolean): Readonly<Record<string, number>> {
  if (isOrdered) return { max_threads: 1, max_insert_threads: 1 }
  // Looking for rows of the same key while inserting is left to merges and to reads.
  return { max_insert_threads: 2, optimize_on_insert: 0 }
}

/** How lines are inserted: they are few, and must be readable when the insert ends, whatever the server's defaults are. */
export const lineInsertSettings = { input_format_parallel_parsing: 0, optimize_on_insert: 0, async_insert: 0 } as const

/** `a = 1, b = 'x'`, for SET and for a SETTINGS clause. */
export function settingsSql(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quoted(value) : value}`)
    .join(', ')
}

/** Text as a string literal of the engine's SQL. Only for names and structures of this package: values are bound. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
