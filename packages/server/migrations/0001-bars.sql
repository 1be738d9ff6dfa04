-- Bars and what they are bars of. Times are UTC; prices unadjusted; volume in shares.
CREATE TABLE IF NOT EXISTS exchanges
(
    code String,
    definition String,
    known_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(known_at) ORDER BY code;

CREATE TABLE IF NOT EXISTS instruments
(
    id UInt32,
    instrument String,
    exchange LowCardinality(String),
    symbol String,
    name String,
    kind LowCardinality(String),
    isin Nullable(String),
    listed Nullable(Date32),
    delisted Nullable(Date32),
    known_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(known_at) ORDER BY id;

-- Types and codecs: docs/adr/0003. A body's table has the same structure, so that its parts can be attached.
CREATE TABLE IF NOT EXISTS bars_1m
(
    instrument UInt32 CODEC(LZ4),
    ts DateTime('UTC') CODEC(Delta, LZ4),
    open Float64 CODEC(LZ4),
    high Float64 CODEC(LZ4),
    low Float64 CODEC(LZ4),
    close Float64 CODEC(LZ4),
    volume UInt64 CODEC(T64, LZ4),
    turnover Nullable(Float64) CODEC(LZ4),
    trades Nullable(UInt32) CODEC(T64, LZ4),
    source LowCardinality(String),
    final Bool,
    known_at DateTime64(3, 'UTC') CODEC(LZ4)
)
ENGINE = ReplacingMergeTree(known_at) PARTITION BY toYear(ts) ORDER BY (instrument, ts);

CREATE TABLE IF NOT EXISTS bars_1h AS bars_1m
ENGINE = ReplacingMergeTree(known_at) PARTITION BY toYear(ts) ORDER BY (instrument, ts);

-- Days are few: partitions by year would be tiny files.
CREATE TABLE IF NOT EXISTS bars_1d AS bars_1m
ENGINE = ReplacingMergeTree(known_at) PARTITION BY tuple() ORDER BY (instrument, ts);
