/** A whole table of minute bars: its codecs, its partitions, how rows are put in. */
export interface Layout {
  readonly name: string
  readonly instrument: string
  readonly ts: string
  readonly price: string
  readonly volume: string
  readonly turnover: string
  readonly trades: string
  readonly knownAt: string
  readonly partition: string
  /** Further settings of the insert, after a comma. */
  readonly settings?: string
}

const zstd: Layout = {
  name: 'ZSTD(1), months',
  instrument: 'UInt32 CODEC(Delta, ZSTD(1))',
  ts: "DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))",
  price: 'Float64 CODEC(ZSTD(1))',
  volume: 'UInt64 CODEC(ZSTD(1))',
  turnover: 'Nullable(Float64) CODEC(ZSTD(1))',
  trades: 'Nullable(UInt32) CODEC(ZSTD(1))',
  knownAt: "DateTime64(3, 'UTC') CODEC(ZSTD(1))",
  partition: 'toYYYYMM(ts)',
}

const lz4: Layout = {
  ...zstd,
  name: 'LZ4, months',
  instrument: 'UInt32 CODEC(LZ4)',
  ts: "DateTime('UTC') CODEC(LZ4)",
  price: 'Float64 CODEC(LZ4)',
  volume: 'UInt64 CODEC(LZ4)',
  turnover: 'Nullable(Float64) CODEC(LZ4)',
  trades: 'Nullable(UInt32) CODEC(LZ4)',
  knownAt: "DateTime64(3, 'UTC') CODEC(LZ4)",
}

const deltaLz4: Layout = {
  ...lz4,
  name: 'Delta or T64 + LZ4, months',
  instrument: 'UInt32 CODEC(Delta, LZ4)',
  ts: "DateTime('UTC') CODEC(Delta, LZ4)",
  volume: 'UInt64 CODEC(T64, LZ4)',
  trades: 'Nullable(UInt32) CODEC(T64, LZ4)',
}

const unique = ', optimize_on_insert = 0'

/** The tables that the bench `codecs` compares. */
export const layouts: readonly Layout[] = [
  zstd,
  { ...zstd, name: 'ZSTD(1), months, no merge in the insert', settings: unique },
  lz4,
  deltaLz4,
  { ...deltaLz4, name: 'Delta or T64 + LZ4, months, prices ZSTD(1)', price: 'Float64 CODEC(ZSTD(1))' },
  { ...deltaLz4, name: 'Delta or T64 + LZ4, months, prices Decimal(18, 4)', price: 'Decimal(18, 4) CODEC(Delta, LZ4)' },
  { ...deltaLz4, name: 'Delta or T64 + LZ4, months, no merge in the insert', settings: unique },
  { ...deltaLz4, name: 'Delta or T64 + LZ4, years, no merge in the insert', partition: 'toYear(ts)', settings: unique },
]

export function layoutTable(name: string, layout: Layout): string {
  return `CREATE TABLE ${name} (instrument ${layout.instrument}, ts ${layout.ts}, open ${layout.price}, high ${layout.price}, low ${layout.price}, close ${layout.price},
    volume ${layout.volume}, turnover ${layout.turnover}, trades ${layout.trades}, source LowCardinality(String), final Bool, known_at ${layout.knownAt})
    ENGINE = ReplacingMergeTree(known_at) PARTITION BY ${layout.partition} ORDER BY (instrument, ts)`
}
