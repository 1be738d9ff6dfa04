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

CREATE TABLE IF NOT EXISTS bars_1m
(
    instrument UInt32 CODEC(Delta, ZSTD(1)),
    ts DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    open Float64 CODEC(ZSTD(1)),
    high Float64 CODEC(ZSTD(1)),
    low Float64 CODEC(ZSTD(1)),
    close Float64 CODEC(ZSTD(1)),
    volume UInt64 CODEC(ZSTD(1)),
    turnover Nullable(Float64) CODEC(ZSTD(1)),
    trades Nullable(UInt32) CODEC(ZSTD(1)),
    source LowCardinality(String),
    final Bool,
    known_at DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(known_at) PARTITION BY toYYYYMM(ts) ORDER BY (instrument, ts);

CREATE TABLE IF NOT EXISTS bars_1h AS bars_1m
ENGINE = ReplacingMergeTree(known_at) PARTITION BY toYear(ts) ORDER BY (instrument, ts);

-- Days are few: partitions by month would be thousands of tiny files.
CREATE TABLE IF NOT EXISTS bars_1d AS bars_1m
ENGINE = ReplacingMergeTree(known_at) PARTITION BY tuple() ORDER BY (instrument, ts);
