/**
 * How the engine writes and reads, wherever it runs: instants as ISO text in UTC, Arrow without compression,
 * numbers bare, a field that nobody declared is an error.
 */
export const engineSettings = {
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
  output_format_arrow_compression_method: 'none',
  output_format_json_quote_64bit_integers: 0,
  input_format_skip_unknown_fields: 0,
  format_csv_null_representation: '',
  do_not_merge_across_partitions_select_final: 1,
} as const

/** A body is read in its own order by one thread, so that rows can be numbered as they stand in it. */
export const bodyInsertSettings = { max_threads: 1, max_insert_threads: 1 } as const

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
