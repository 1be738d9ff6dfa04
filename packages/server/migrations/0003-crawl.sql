-- What was asked of upstreams and what came back.
CREATE TABLE IF NOT EXISTS coverage
(
    of LowCardinality(String),
    scope String,
    start Date32,
    end Date32,
    connector LowCardinality(String),
    -- `page`, or the reason of an absence.
    outcome LowCardinality(String),
    known_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(known_at) ORDER BY (of, scope, start, end, connector);

-- Every page as it came, so that a mended parser reads history again without asking again.
CREATE TABLE IF NOT EXISTS raw_pages
(
    connector LowCardinality(String),
    handler LowCardinality(String),
    task String,
    params String CODEC(ZSTD(3)),
    number UInt16,
    url String CODEC(ZSTD(3)),
    status UInt16,
    headers String CODEC(ZSTD(3)),
    body String CODEC(ZSTD(6)),
    received_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(received_at) ORDER BY (connector, handler, task, received_at, number);

CREATE TABLE IF NOT EXISTS crawls
(
    id UInt32,
    definition String,
    state LowCardinality(String),
    version UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY id;

-- Tasks of the queue in this process; with Redis they are there.
CREATE TABLE IF NOT EXISTS tasks
(
    connector LowCardinality(String),
    key String,
    crawl UInt32,
    handler LowCardinality(String),
    params String CODEC(ZSTD(3)),
    state LowCardinality(String),
    attempts UInt16,
    not_before DateTime64(3, 'UTC'),
    error String,
    place UInt64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version) ORDER BY (connector, key);

CREATE TABLE IF NOT EXISTS adjustments
(
    instrument UInt32,
    date Date32,
    kind LowCardinality(String),
    value Float64,
    source LowCardinality(String),
    known_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(known_at) ORDER BY (instrument, date, kind);
